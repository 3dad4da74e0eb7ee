"""Publishes where there is no lock and, most often, no rename: object stores, SFTP, HDFS.

A model server takes a numbered folder for a version as soon as something lies in it. So everything
is uploaded under a name that is no number, read back, and only then moved to its place: by one
rename where the filesystem has one, else file by file, `saved_model.pb` last. A model server that
looks in between finds no SavedModel and goes on with the version that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from export.errors import PublishError
from export.publishing import manifest, reservation
from export.publishing.location import Location, reaching
from export.publishing.repository import GRAPHS, Shelf, is_version, is_whole
from export.publishing.reservation import Reservation

STAGING = ".staging-"
# Of these it is known that they rename a folder at once.
_RENAMING = {"sftp", "ssh", "hdfs", "arrow_hdfs", "webhdfs"}
_ATTEMPTS = 20


@contextmanager
def staged(target: Location, version: int | None = None) -> Iterator[tuple[Location, Location]]:
    """Publishes what the block puts into a folder, if the block ends without an error.

    Yields the folder to fill and the place that it will take. Raises PublishError.
    """
    with reaching("write", target):
        if is_whole(target):
            raise PublishError(
                f"{target} is a SavedModel itself; name the folder that has the versions"
            )
        target.fs.makedirs(target.path, exist_ok=True)
        tidy(target)
        taken = _reserve(target, version)
        with taken:
            staging = target / f"{STAGING}{taken.number}-{taken.token}"
            place = target / str(taken.number)
            try:
                yield staging, place
                taken.check()
                _put(staging, place)
            finally:
                staging.remove()
                if taken.is_ours() and not is_whole(place):
                    place.remove()


def tidy(target: Location) -> list[int]:
    """Removes what publishers left that are dead; returns the numbers they had reserved."""
    staged_names = [name for name in target.names() if name.startswith(STAGING)]
    # Read after the staging folders: each of those had its reservation before.
    holders = reservation.held(target, target.names())
    alive = {number for number, lives in holders.items() if lives}
    for name in staged_names:
        whose = name.removeprefix(STAGING).partition("-")[0]
        if not whose.isdecimal() or int(whose) not in alive:
            (target / name).remove()
    dead = sorted(holders.keys() - alive)
    for number in dead:
        place = target / str(number)
        if not is_whole(place):
            place.remove()
        (target / f"{reservation.PREFIX}{number}").remove()
    return dead


def _reserve(target: Location, version: int | None) -> Reservation:
    for _ in range(_ATTEMPTS):
        number = _next(target) if version is None else version
        taken = Reservation(target, number)
        if taken.take():
            if number not in Shelf(target).folders():
                return taken
            taken.give_back()
        if version is not None:
            raise PublishError(
                f"version {number} exists in {target}, or is being published; versions are "
                "never overwritten"
            )
    raise PublishError(f"{target}: too many publishers at once; none was let in")


def _next(target: Location) -> int:
    names = target.names()
    numbers = [int(name) for name in names if is_version(name)]
    return max([*numbers, *reservation.held(target, names), 0]) + 1


def _put(staging: Location, place: Location) -> None:
    """Moves the staged files to their place."""
    fs = staging.fs
    if _renames(fs.protocol):
        fs.mv(staging.path, place.path)
        return
    for name in _in_order(staging.files()):
        parent, _, _ = f"{place.path}/{name}".rpartition("/")
        fs.makedirs(parent, exist_ok=True)
        # Not a copy: where a file can be renamed, it appears with all that is in it.
        fs.mv(f"{staging.path}/{name}", f"{place.path}/{name}")
    manifest.check(place, contents=False)


def _renames(protocol: str | tuple[str, ...]) -> bool:
    return not _RENAMING.isdisjoint((protocol,) if isinstance(protocol, str) else protocol)


def _in_order(names: Iterable[str]) -> list[str]:
    """What a model server begins with comes last."""
    return sorted(names, key=lambda name: (name in GRAPHS, name))
