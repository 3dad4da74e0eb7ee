"""Publish to a local directory atomically.

A version is written to a staging directory whose name no model server takes for a version, and
gets its number in a single rename. A lock per model keeps publishers apart. Whatever staging
directory the holder of the lock finds was therefore left by a publisher that was killed, and is
removed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from export.contract import GRAPH_FILES
from export.errors import PublishError
from export.paths import obstacle
from export.publishing.repository import MAX_VERSION, is_version
from export.suggestions import listed

_STAGING = ".staging-"
_REMOVED = ".removed-"
_LOCK = ".lock"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_FLUSHED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""What file systems of networks and of virtual machines say that flush no directories."""


def versions(target: Path) -> list[int]:
    """Return the versions in the model's directory, oldest first; none if it does not exist.

    Raise ``PublishError`` if it cannot be read, or is a version or a directory of models.
    """
    try:
        _check_level(target)
        names = _folders(target)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PublishError(f"cannot read {target}: {error.strerror}") from None
    return sorted({int(name) for name in names if is_version(name)})


def check_name(target: Path) -> None:
    """Raise ``PublishError`` for a path below which no model server finds variables.

    Control characters are from scripts with the line ends of Windows.
    """
    if _CONTROL.search(str(target)):
        raise PublishError(f"{target} has a control character in its name; choose another")
    found = obstacle(target)
    if found is not None:
        raise PublishError(
            f"{target}: TensorFlow cannot read models below a directory with {found} in its "
            "name; choose another"
        )


def check_writable(target: Path) -> None:
    """Raise ``PublishError`` if it is known beforehand that nothing can be written there.

    To the superuser, only file systems say no.
    """
    there = next(one for one in (target.absolute(), *target.absolute().parents) if one.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return
    is_read_only = os.statvfs(there).f_flag & os.ST_RDONLY
    reason = os.strerror(errno.EROFS if is_read_only else errno.EACCES)
    raise PublishError(f"cannot write {target}: {reason}")


def _check_level(target: Path) -> None:
    """Raise ``PublishError`` for the directory of a version or of several models."""
    if _is_saved_model(target):
        raise PublishError(
            f"{target} is itself a SavedModel; name the directory above the versions"
        )
    version = next((one for one in target.absolute().parents if _is_saved_model(one)), None)
    if version is not None:
        raise PublishError(f"{target} is within the SavedModel {version}; name another directory")
    if is_version(target.name) and _has_versions(target.parent) and not _has_versions(target):
        raise PublishError(
            f"{target} would be a version of a model; name the model's directory, {target.parent}, "
            f"and add --version {target.name} if the number matters"
        )
    if target.is_dir() and not _has_versions(target):
        models = [name for name in _folders(target) if _has_versions(target / name)]
        if models:
            raise PublishError(
                f"{target} is a directory of models: {listed(models)}; name the directory of one "
                f"model in it, such as {target / models[0]}"
            )


def _is_saved_model(folder: Path) -> bool:
    return any((folder / graph).exists() for graph in GRAPH_FILES)


def _has_versions(folder: Path) -> bool:
    try:
        names = [name for name in os.listdir(folder) if is_version(name)]
    except OSError:
        return False
    return any(_is_saved_model(folder / name) for name in names)


def _folders(target: Path) -> list[str]:
    return sorted(name for name in os.listdir(target) if (target / name).is_dir())


@contextmanager
def staged(target: Path, version: int | None = None) -> Iterator[tuple[Path, Path]]:
    """Publish what the block writes, unless the block raises.

    ``target``: the model's directory. ``version``: the number, by default the next one.

    Yield the empty directory to write to, and the path that it will get. Raise ``PublishError``
    if the version exists or the target cannot be written.
    """
    check_name(target)
    try:
        _check_level(target)
        with _locked(target):
            _remove_leftovers(target)
            number = next_version(target) if version is None else version
            path = target / str(number)
            check_free(target, number)
            staging = target / f"{_STAGING}{number}"
            staging.mkdir()
            try:
                yield staging, path
                _flush(staging)
                os.rename(staging, path)
                _flush_folder(target)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise PublishError(f"cannot write {target}: {error.strerror or error}") from None


def remove(target: Path, names: Iterable[str]) -> None:
    """Remove versions. Each is hidden from model servers before its first file goes.

    If a version is a symbolic link, remove the link and leave its target alone. Raise
    ``PublishError``.
    """
    try:
        with _locked(target):
            _remove_leftovers(target)
            for name in names:
                hidden = target / f"{_REMOVED}{name}"
                os.rename(target / name, hidden)
                _delete(hidden)
    except OSError as error:
        raise PublishError(f"cannot write {target}: {error.strerror or error}") from None


def next_version(target: Path) -> int:
    """Return one more than the highest number taken, or 1.

    Files and dangling links count too: a version cannot be renamed onto them.
    """
    try:
        names = os.listdir(target)
    except FileNotFoundError:
        return 1
    return max((int(name) for name in names if is_version(name)), default=0) + 1


def check_free(target: Path, number: int) -> None:
    """Raise ``PublishError`` if ``number`` is out of range or taken."""
    if not 0 <= number <= MAX_VERSION:
        raise PublishError(f"the version must be between 0 and {MAX_VERSION}, not {number}")
    if number in versions(target) or os.path.lexists(target / str(number)):
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
        except OSError as error:
            raise PublishError(
                f"cannot write {target}: {error.strerror}; locks keep publishers apart, so mount "
                "the file system with locks (NFS: -o local_lock=flock), or copy the version there "
                "yourself"
            ) from None
        yield


def _remove_leftovers(target: Path) -> None:
    for prefix in (_STAGING, _REMOVED):
        for leftover in target.glob(f"{prefix}*"):
            _delete(leftover)


def _delete(path: Path) -> None:
    """Delete a directory tree, a file or a link; never what a link points to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Write everything to disk before the rename, so that a power cut leaves no empty files."""
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(root))


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_FLUSHED:
            raise
    finally:
        os.close(handle)
