"""Puts a finished version where a model server finds it, all at once or not at all.

A version is made in a folder beside its place, under a name that no model server takes for a
version, and gets its own name by one rename. One lock a model keeps two publishers apart; so
whatever half-made folder a publisher finds was left by one that was killed, and is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from export.errors import PublishError
from export.publishing.repository import GRAPHS

_STAGING = ".staging-"
_REMOVED = ".removed-"
_LOCK = ".lock"
_MAX_VERSION = 2**63 - 1


def versions(target: Path) -> list[int]:
    """The versions in the model's folder, oldest first; none if the folder is not there.

    Raises PublishError if it cannot be read, or is a version itself.
    """
    try:
        _check_no_version(target)
        names = [entry.name for entry in os.scandir(target) if entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PublishError(f"cannot read {target}: {error.strerror}") from None
    return sorted({int(name) for name in names if _is_version(name)})


def _check_no_version(target: Path) -> None:
    if any((target / graph).exists() for graph in GRAPHS):
        raise PublishError(
            f"{target} is a SavedModel itself; name the folder that has the versions"
        )


@contextmanager
def staged(target: Path, version: int | None = None) -> Iterator[tuple[Path, Path]]:
    """Publishes what the block writes, if the block ends without an error.

    target: the model's folder; version: its number, by default the next.

    Yields the folder to write into, which is there and empty, and the place that it will take.
    Raises PublishError if the version exists or the target cannot be written.
    """
    try:
        _check_no_version(target)
        with _locked(target):
            _tidy(target)
            number = next_version(target) if version is None else version
            place = target / str(number)
            check_free(target, number)
            staging = target / f"{_STAGING}{number}"
            staging.mkdir()
            try:
                yield staging, place
                _flush(staging)
                os.rename(staging, place)
                _flush_folder(target)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise PublishError(f"cannot write {target}: {error.strerror or error}") from None


def remove(target: Path, names: Iterable[str]) -> None:
    """Removes version folders; each is out of a model server's sight before its first file goes.

    Raises PublishError.
    """
    try:
        with _locked(target):
            _tidy(target)
            for name in names:
                hidden = target / f"{_REMOVED}{name}"
                os.rename(target / name, hidden)
                shutil.rmtree(hidden)
    except OSError as error:
        raise PublishError(f"cannot write {target}: {error.strerror or error}") from None


def next_version(target: Path) -> int:
    """One more than the highest version there is, or 1."""
    return max(versions(target), default=0) + 1


def _is_version(name: str) -> bool:
    return name.isascii() and name.isdecimal() and int(name) <= _MAX_VERSION


def check_free(target: Path, number: int) -> None:
    """Raises PublishError if `number` is no version's, or a version has it."""
    if not 0 <= number <= _MAX_VERSION:
        raise PublishError(f"version must be from 0 to {_MAX_VERSION}, not {number}")
    if number in versions(target) or (target / str(number)).exists():
        raise PublishError(f"version {number} exists in {target}; versions are never overwritten")


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    target.mkdir(parents=True, exist_ok=True)
    with open(target / _LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"export: waiting for another publisher of {target}\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tidy(target: Path) -> None:
    for begin in (_STAGING, _REMOVED):
        for left in target.glob(f"{begin}*"):
            shutil.rmtree(left)


def _flush(folder: Path) -> None:
    """Has everything on disk before the rename is, so that a power cut leaves no empty files."""
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(root))


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
