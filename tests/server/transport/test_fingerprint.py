"""Names of what all files contain, and pages that load their files from below one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.transport.compression import version_of
from server.transport.fingerprint import Fingerprint, addressed, split

NAME = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page").mkdir()
    (tmp_path / "page/app.js").write_bytes(b"before")
    (tmp_path / "favicon.svg").write_bytes(b"<svg/>")
    return tmp_path


def change(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


def test_a_name_changes_with_any_file(folder: Path) -> None:
    one = Fingerprint(folder, every_s=0)
    names = [one.name()]
    change(folder / "page/app.js", b"after!")
    names.append(one.name())
    (folder / "page/app.js").rename(folder / "page/other.js")
    names.append(one.name())
    (folder / "page/other.js").unlink()
    names.append(one.name())
    assert len(set(names)) == 4


def test_files_are_not_looked_at_for_each_page(folder: Path) -> None:
    """Pages are cheap to ask for. What changed meanwhile is not kept under the old name."""
    one = Fingerprint(folder, every_s=60)
    before = one.name()
    change(folder / "page/app.js", b"after!")
    assert one.name() == before
    assert not one.holds(before, "page/app.js", version_of(b"after!"))
    assert one.holds(before, "favicon.svg", version_of(b"<svg/>"))


def test_gateways_with_the_same_files_agree(folder: Path) -> None:
    """Such as workers, or two of them behind one proxy."""
    name = Fingerprint(folder).name()
    os.utime(folder / "page/app.js", (0, 0))
    assert Fingerprint(folder).name() == name
    assert Fingerprint(folder).holds(name, "page/app.js", version_of(b"before"))


def test_a_name_stands_for_one_content_of_each_file(folder: Path) -> None:
    """Were a half-finished update kept for a year, nothing could mend it."""
    one = Fingerprint(folder, every_s=0)
    before = one.name()
    change(folder / "page/app.js", b"after!")
    assert not one.holds(before, "page/app.js", version_of(b"after!"))
    after = one.name()
    assert one.holds(after, "page/app.js", version_of(b"after!"))
    assert not one.holds(after, "page/app.js", version_of(b"before"))
    assert not one.holds(before, "page/app.js", version_of(b"before"))
    assert not one.holds(after, "page/none.js", version_of(b"after!"))


def test_a_process_that_has_not_seen_an_update_looks(folder: Path) -> None:
    page, file = Fingerprint(folder), Fingerprint(folder, every_s=0)
    file.name()
    change(folder / "page/app.js", b"after!")
    assert file.holds(page.name(), "page/app.js", version_of(b"after!"))


@pytest.mark.parametrize(
    ("path", "name", "file"),
    [
        (f"{NAME}/page/app.js", NAME, "page/app.js"),
        ("page/app.js", None, "page/app.js"),
        (f"{NAME}/", None, f"{NAME}/"),
        (f"{NAME.upper()}/app.js", None, f"{NAME.upper()}/app.js"),
        (f"{NAME}0/app.js", None, f"{NAME}0/app.js"),
        (f"{NAME}/{NAME}/app.js", NAME, f"{NAME}/app.js"),
    ],
)
def test_the_name_in_a_path(path: str, name: str | None, file: str) -> None:
    assert split(path) == (name, file)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('src="static/page/app.js"', f'src="static/{NAME}/page/app.js"'),
        ('href="../static/style/base.css"', f'href="../static/{NAME}/style/base.css"'),
        # What a page leads to, and what names an installed page.
        ('href="static/digits.html"', 'href="static/digits.html"'),
        ('href="static/manifest.webmanifest"', 'href="static/manifest.webmanifest"'),
        ('href="https://example.org/static/"', 'href="https://example.org/static/"'),
    ],
)
def test_what_a_page_loads(before: str, after: str) -> None:
    assert addressed(before.encode(), NAME) == after.encode()
