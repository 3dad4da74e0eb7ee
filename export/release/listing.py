"""The versions of a model: on disk, as the model server sees them, and under which labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from export.client.model_server import Status
from export.errors import DamagedVersion
from export.publishing import manifest
from export.publishing.location import Location, reaching
from export.publishing.manifest import Manifest
from export.publishing.repository import Shelf


@dataclass(frozen=True)
class Row:
    """A version. size: in bytes; state: the server's, empty if it does not know the version;
    error: why it does not load; checked: "", "whole" or what is wrong with its files."""

    version: int
    on_disk: bool
    state: str
    error: str
    labels: tuple[str, ...]
    size: int
    published_at: str
    made_from: str
    checked: str


def rows(
    shelf: Shelf, statuses: Mapping[int, Status], labels: Mapping[str, int], check: bool
) -> list[Row]:
    """Every version that is on disk, known to the server or labelled, newest first.

    check: compare each version's files with their checksums. Raises PublishError.
    """
    on_disk = shelf.versions()
    numbers = {*on_disk, *labels.values(), *statuses}
    return [
        _row(number, on_disk.get(number), statuses.get(number), labels, check)
        for number in sorted(numbers, reverse=True)
    ]


def _row(
    number: int,
    folder: Location | None,
    status: Status | None,
    labels: Mapping[str, int],
    check: bool,
) -> Row:
    found, size, checked = Manifest({}), 0, ""
    if folder is not None:
        with reaching("read", folder):
            found, checked = _manifest(folder, check)
            size = found.size or sum(folder.files().values())
    return Row(
        number,
        folder is not None,
        status.state if status else "",
        status.error if status else "",
        tuple(sorted(label for label, version in labels.items() if version == number)),
        size,
        found.published_at or str(found.origin.get("made_at", "")),
        str(found.origin.get("made_from", "")),
        checked,
    )


def _manifest(folder: Location, check: bool) -> tuple[Manifest, str]:
    from export.publishing.provenance import origin

    try:
        found = manifest.check(folder) if check else manifest.read(folder)
    except DamagedVersion as error:
        return Manifest({}), str(error)
    if found is None:
        return Manifest({}, origin(folder)), "no checksums" if check else ""
    return found, "whole" if check else ""


def table(listed: list[Row], check: bool) -> Table:
    """The rows for a terminal."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    names = ["version", "state", "labels", "size", "published", "made from"]
    for name in [*names, "files"] if check else names:
        right = name in ("version", "size")
        drawn.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in listed:
        size = f"{row.size / 1e6:.1f} MB" if row.on_disk else "not on disk"
        cells = [str(row.version), row.state or "-", ", ".join(row.labels) or "-", size]
        cells += [row.published_at or "-", _short(row.made_from) or "-"]
        drawn.add_row(*[*cells, row.checked or "-"] if check else cells)
    return drawn


def failures(listed: list[Row]) -> list[str]:
    """A line for each version that the server could not load."""
    return [f"version {row.version} does not load: {row.error}" for row in listed if row.error]


def as_json(listed: list[Row]) -> list[dict[str, Any]]:
    """The rows for a program."""
    return [asdict(row) for row in listed]


def _short(made_from: str) -> str:
    """A checkpoint's digest is told apart by its first digits."""
    head, found, digest = made_from.partition("sha256:")
    return f"{head}{found}{digest[:12]}" if found else made_from
