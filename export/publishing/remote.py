"""Publish where there is no lock and usually no rename: object stores, SFTP, HDFS.

A model server takes a numbered directory for a version as soon as it contains something. So all
files are uploaded to a staging directory, read back, and only then moved into place: in a single
rename where the filesystem has one, otherwise file by file with ``saved_model.pb`` last. A model
server that looks in between finds no SavedModel and keeps the version that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from export.contract import GRAPH_FILES
from export.errors import PublishError
from export.paths import obstacle
from export.publishing import manifest, reservation
from export.publishing.location import Location, reporting
from export.publishing.repository import Repository, is_complete, is_version
from export.publishing.reservation import Reservation

STAGING = ".staging-"
# Filesystems known to rename a directory atomically.
_RENAMING = {"sftp", "ssh", "hdfs", "arrow_hdfs", "webhdfs"}
_ATTEMPTS = 20


@contextmanager
def staged(target: Location, version: int | None = None) -> Iterator[tuple[Location, Location]]:
    """Publish what the block writes to a directory, unless the block raises.

    Yield the directory to fill and the location that it will get. Raise ``PublishError``.
    """
    with reporting("write", target):
        found = obstacle(Path(target.path))
        if found is not None:
            raise PublishError(f"{target} has {found} in its name; choose another")
        Repository(target).check_level()
        target.fs.makedirs(target.path, exist_ok=True)
        remove_leftovers(target)
        reserved = _reserve(target, version)
        with reserved:
            staging = target / f"{STAGING}{reserved.number}-{reserved.token}"
            destination = target / str(reserved.number)
            try:
                yield staging, destination
                reserved.check()
                _move(staging, destination)
            finally:
                staging.remove()
                if reserved.is_ours() and not is_complete(destination):
                    destination.remove()


def remove_leftovers(target: Location) -> list[int]:
    """Remove what dead publishers left behind. Return the numbers that they had reserved."""
    staging_names = [name for name in target.names() if name.startswith(STAGING)]
    # Read after the staging names: every one of those was created after its reservation.
    reservations = reservation.list_reservations(target, target.names())
    alive = {number for number, is_alive in reservations.items() if is_alive}
    for name in staging_names:
        number = name.removeprefix(STAGING).partition("-")[0]
        if not number.isdecimal() or int(number) not in alive:
            (target / name).remove()
    dead = sorted(reservations.keys() - alive)
    for dead_number in dead:
        folder = target / str(dead_number)
        if not is_complete(folder):
            folder.remove()
        (target / f"{reservation.PREFIX}{dead_number}").remove()
    return dead


def _reserve(target: Location, version: int | None) -> Reservation:
    for _ in range(_ATTEMPTS):
        number = _next_version(target) if version is None else version
        reserved = Reservation(target, number)
        if reserved.acquire():
            if number not in Repository(target).folders():
                return reserved
            reserved.release()
        if version is not None:
            raise PublishError(
                f"version {number} exists in {target} or is being published; versions are never "
                "overwritten"
            )
    raise PublishError(f"{target}: too many concurrent publishers; try again later")


def _next_version(target: Location) -> int:
    names = target.names()
    numbers = [int(name) for name in names if is_version(name)]
    return max([*numbers, *reservation.list_reservations(target, names), 0]) + 1


def _move(staging: Location, destination: Location) -> None:
    """Move the staged files into place."""
    fs = staging.fs
    if _renames(fs.protocol):
        fs.mv(staging.path, destination.path)
        return
    for name in _graph_last(staging.files()):
        parent, _, _ = f"{destination.path}/{name}".rpartition("/")
        fs.makedirs(parent, exist_ok=True)
        # Move instead of copying: where files can be renamed, each appears complete.
        fs.mv(f"{staging.path}/{name}", f"{destination.path}/{name}")
    manifest.check(destination, contents=False)


def _renames(protocol: str | tuple[str, ...]) -> bool:
    return not _RENAMING.isdisjoint((protocol,) if isinstance(protocol, str) else protocol)


def _graph_last(names: Iterable[str]) -> list[str]:
    """Order the files so that the one a model server reads first comes last."""
    return sorted(names, key=lambda name: (name in GRAPH_FILES, name))
