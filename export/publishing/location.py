"""A directory, local or remote, accessed through ``fsspec``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fsspec
from fsspec.core import url_to_fs

from export.errors import ExportError, PublishError

_LOCAL = ("file", "local")


@dataclass(frozen=True)
class Location:
    """A directory: its filesystem, its path there, and the text by which the user named it."""

    fs: fsspec.AbstractFileSystem
    path: str
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def local(self) -> Path | None:
        """The directory as a path if it is on this machine."""
        protocol = self.fs.protocol
        names = (protocol,) if isinstance(protocol, str) else protocol
        return Path(self.path) if any(name in _LOCAL for name in names) else None

    @property
    def address(self) -> str:
        """The base path for a model server: an absolute path, or the URL."""
        return self.path if self.local else self.text

    def __truediv__(self, name: str) -> Location:
        return Location(
            self.fs, f"{self.path.rstrip('/')}/{name}", f"{self.text.rstrip('/')}/{name}"
        )

    @property
    def parent(self) -> Location:
        """The parent directory."""
        path, text = self.path.rpartition("/")[0], self.text.rpartition("/")[0]
        path = path or ("/" if self.local else "")
        # `digits`, `.` and `a/..` do not say what is above.
        is_named = text and self.text.endswith(f"/{self.name}")
        return Location(self.fs, path, text if is_named else path)

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition("/")[2]

    def exists(self) -> bool:
        """Return whether there is anything."""
        return bool(self.fs.exists(self.path))

    def names(self) -> list[str]:
        """Return the names of its entries; empty if it does not exist."""
        self.fs.invalidate_cache()
        try:
            entries = self.fs.ls(self.path, detail=False)
        except FileNotFoundError:
            return []
        return sorted(entry.rstrip("/").rpartition("/")[2] for entry in entries)

    def files(self) -> dict[str, int]:
        """Return the size in bytes of every file below it, by relative name.

        Symbolic links are followed. Raise ``PublishError`` for what has no contents to copy.
        """
        if self.local is not None:
            paths = sorted(_local_files(self.local), key=str)
            return {str(path.relative_to(self.local)): _size(path) for path in paths}
        self.fs.invalidate_cache()
        entries = self.fs.find(self.path, detail=True)
        return {
            os.path.relpath(path, self.path): int(entry["size"])
            for path, entry in sorted(entries.items())
        }

    def size(self) -> int:
        """Return the size in bytes of all files below it, without what is no file."""
        if self.local is not None:
            return sum(path.stat().st_size for path in _local_files(self.local) if path.is_file())
        return sum(self.files().values())

    def remove(self) -> None:
        """Remove it with everything in it, if it exists."""
        if self.fs.exists(self.path):
            self.fs.rm(self.path, recursive=True)


def _local_files(folder: Path) -> Iterator[Path]:
    """Yield what is below a directory besides directories; symbolic links are followed."""
    for root, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        # A link to a directory above itself would never end.
        real = Path(root).resolve()
        folders[:] = [name for name in folders if not real.is_relative_to((real / name).resolve())]
        yield from (Path(root, name) for name in names)


def _size(path: Path) -> int:
    """Return the size of a file. Raise ``PublishError`` for what has no contents to copy."""
    if not path.exists():
        raise PublishError(f"{path} is a link to a file that is not there")
    if not path.is_file():  # reading a named pipe would wait for its writer
        raise PublishError(f"{path} is not a regular file")
    return path.stat().st_size


def _raise(error: OSError) -> None:
    raise error


def locate(text: str) -> Location:
    """Return the directory that a path or URL names.

    Raise ``PublishError`` if no filesystem driver handles it.
    """
    if not text:
        raise PublishError("the path of a directory must not be empty")
    try:
        fs, path = url_to_fs(text if "://" in text else os.path.abspath(text))
    except (ValueError, ImportError, OSError) as error:
        raise PublishError(f"cannot reach {text}: {one_line(error)}") from None
    return Location(fs, path.rstrip("/") or path, text.rstrip("/") or text)


@contextmanager
def reporting(action: str, location: Location | Path) -> Iterator[None]:
    """Turn any error of the block into ``PublishError``: ``cannot ACTION LOCATION: reason``.

    Drivers of remote filesystems raise errors of their own.
    """
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        raise PublishError(f"cannot {action} {location}: {one_line(error)}") from None


def one_line(error: BaseException) -> str:
    """Return the error message on one line of at most 300 characters."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__
