"""List the versions of a model: on disk, as the model server reports them, and their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from export.client.model_server import Status
from export.errors import DamagedVersion
from export.publishing import manifest
from export.publishing.location import Location, reporting
from export.publishing.manifest import Manifest
from export.publishing.provenance import abbreviated, read_provenance
from export.publishing.repository import Repository

WHOLE = "whole"
UNRECORDED = "no checksums"


@dataclass(frozen=True)
class Row:
    """A version.

    ``state``: as the model server reports it, empty if the server does not know the version.
    ``error``: why it failed to load. ``size``: bytes. ``checked``: empty, ``whole``,
    ``no checksums``, or what is wrong with its files.
    """

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
    repository: Repository,
    statuses: Mapping[int, Status],
    labels: Mapping[str, int],
    check: bool,
) -> list[Row]:
    """Return every version that is on disk, known to the server or labelled, newest first.

    ``check``: compare the files of each version with its manifest. Raise ``PublishError``.
    """
    on_disk = repository.versions()
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
    record, size, checked = Manifest({}), 0, ""
    if folder is not None:
        with reporting("read", folder):
            record, checked = _manifest(folder, check)
            size = record.size or folder.size()
    return Row(
        number,
        folder is not None,
        status.state if status else "",
        status.error if status else "",
        tuple(sorted(label for label, version in labels.items() if version == number)),
        size,
        record.published_at or str(record.origin.get("made_at", "")),
        str(record.origin.get("made_from", "")),
        checked,
    )


def _manifest(folder: Location, check: bool) -> tuple[Manifest, str]:
    try:
        record = manifest.check(folder) if check else manifest.read(folder)
    except DamagedVersion as error:
        return Manifest({}), str(error)
    if record is None:
        return Manifest({}, read_provenance(folder)), UNRECORDED if check else ""
    return record, WHOLE if check else ""


def table(listed: list[Row], check: bool) -> Table:
    """Return the rows as a table for a terminal."""
    result = Table(box=None, pad_edge=False, header_style="bold")
    names = ["version", "state", "labels", "size", "published", "made from"]
    for name in [*names, "files"] if check else names:
        right = name in ("version", "size")
        result.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in listed:
        size = f"{row.size / 1e6:.1f} MB" if row.on_disk else "not on disk"
        cells = [str(row.version), row.state or "-", ", ".join(row.labels) or "-", size]
        cells += [row.published_at or "-", abbreviated(row.made_from) or "-"]
        result.add_row(*[*cells, row.checked or "-"] if check else cells)
    return result


def failures(listed: list[Row]) -> list[str]:
    """Return a line for each version that the server failed to load."""
    return [f"version {row.version} does not load: {row.error}" for row in listed if row.error]


def as_json(listed: list[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON objects."""
    return [asdict(row) for row in listed]
