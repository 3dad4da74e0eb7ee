"""Versions, and files in them, that are symbolic links."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from export.client.model_server import ModelServer
from export.publishing import local, manifest
from export.publishing.location import locate
from export.publishing.publish import publish
from export.publishing.repository import Repository
from export.release.pruning import prune
from tests.export.release.conftest import MODEL, Deployment
from tests.export.versions import FILES, make


def link(kind: str, folder: Path, name: str) -> Path | None:
    """Create an entry ``name`` of some kind in ``folder``. Return what it points to, if anything.

    ``dangling``: a link to nothing; ``loop``: a link to itself.
    """
    elsewhere = folder.parent / "elsewhere" / name
    if kind in ("absolute", "relative"):
        make(elsewhere)
        (folder / name).symlink_to(elsewhere if kind == "absolute" else f"../elsewhere/{name}")
        return elsewhere
    if kind == "file":
        elsewhere.parent.mkdir(exist_ok=True)
        elsewhere.write_text("kept")
        (folder / name).symlink_to(elsewhere)
        return elsewhere
    (folder / name).symlink_to(folder / ("nothing" if kind == "dangling" else name))
    return None


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_prune_removes_a_link_and_keeps_its_target(
    deployment: Deployment, server: ModelServer, kind: str
) -> None:
    target = link(kind, deployment.base, "0")
    repository = Repository(locate(str(deployment.base)))
    outcomes = prune(MODEL, repository, server, deployment.file, 1, dry_run=False)
    assert [(one.number, one.kept_for) for one in outcomes] == [(1, "available"), (0, "")]
    assert names(deployment.base) == ["1"]
    assert target is not None
    assert (target / "saved_model.pb").read_bytes() == FILES["saved_model.pb"]
    assert publish(str(target), str(deployment.base)).number == 2


@pytest.mark.parametrize(
    "steps",
    [
        {"5": "2"},
        {"5": "../digits/2/"},
        {"5": "4", "4": "2"},
        {"5": "../stable", "../stable": "digits/2"},
        {"5/variables": "../2/variables"},
        {"5/assets": "../../shared", "../shared": "digits/2/assets"},
    ],
)
def test_prune_keeps_what_a_kept_version_links_to(
    deployment: Deployment, server: ModelServer, steps: dict[str, str]
) -> None:
    base = deployment.base.parent / "digits"  # the server would look at what appears in its own
    for name in ("2", "3"):
        make(base / name)
    for name, target in steps.items():
        if "/" in name and not name.startswith(".."):
            shutil.rmtree(make(base / name.partition("/")[0]) / name.partition("/")[2])
        (base / name).symlink_to(target)
    repository = Repository(locate(str(base)))
    outcomes = prune(MODEL, repository, server, deployment.file, 1, dry_run=False)
    kept = {one.number: one.kept_for for one in outcomes if one.kept_for}
    others = {int(name): "version 5 links to it" for name in ("2", *steps) if name in "24"}
    assert kept == {5: "among the newest", **others}
    assert set(names(base)) == {str(number) for number in kept}
    for number in kept:
        assert (base / str(number) / "variables" / "variables.index").is_file()
        assert os.listdir(base / str(number) / "assets")


@pytest.mark.parametrize("kind", ["absolute", "relative", "file", "dangling", "loop"])
@pytest.mark.parametrize("leftover", [".removed-7", ".staging-7"])
def test_a_leftover_link_never_blocks_a_publisher(tmp_path: Path, kind: str, leftover: str) -> None:
    source, base = make(tmp_path / "build"), tmp_path / "digits"
    base.mkdir()
    target = link(kind, base, leftover)
    assert publish(str(source), str(base)).number == 1
    assert names(base) == ["1"]
    assert target is None or target.exists()
    link(kind, base, f"{leftover}9")
    local.remove(base, ["1"])
    assert names(base) == []


@pytest.mark.parametrize("kind", ["file", "dangling", "loop"])
def test_a_number_that_a_link_takes_is_skipped(tmp_path: Path, kind: str) -> None:
    source, base = make(tmp_path / "build"), tmp_path / "digits"
    base.mkdir()
    link(kind, base, "5")
    assert publish(str(source), str(base)).number == 6


def test_linked_files_are_published_as_files(tmp_path: Path) -> None:
    source = make(tmp_path / "build")
    shutil.move(source / "variables", tmp_path / "variables")
    (source / "variables").symlink_to(tmp_path / "variables")
    shutil.move(source / "saved_model.pb", tmp_path / "graph")
    (source / "saved_model.pb").symlink_to("../graph")
    (source / "assets" / "back").symlink_to("..")
    publish(str(source), str(tmp_path / "digits"))
    version = tmp_path / "digits" / "1"
    assert not [path for path in version.rglob("*") if path.is_symlink()]
    record = manifest.check(locate(str(version)))
    assert record is not None
    assert set(record.files) == set(FILES)


def test_what_is_no_file_has_no_size(tmp_path: Path) -> None:
    version = make(tmp_path / "digits" / "1")
    size = locate(str(version)).size()
    (version / "gone").symlink_to("nowhere")
    os.mkfifo(version / "pipe")
    assert locate(str(version)).size() == size == sum(map(len, FILES.values()))
