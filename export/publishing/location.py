"""A folder on this machine or far away, as `fsspec` reaches it."""

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
    """A folder: the filesystem, the path on it, and how the user wrote it."""

    fs: fsspec.AbstractFileSystem
    path: str
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def local(self) -> Path | None:
        """The folder as a path, if it is on this machine."""
        protocol = self.fs.protocol
        names = (protocol,) if isinstance(protocol, str) else protocol
        return Path(self.path) if any(name in _LOCAL for name in names) else None

    @property
    def address(self) -> str:
        """What a model server calls it: an absolute path, or the URL."""
        return self.path if self.local else self.text

    def __truediv__(self, name: str) -> Location:
        return Location(self.fs, f"{self.path}/{name}", f"{self.text}/{name}")

    @property
    def parent(self) -> Location:
        """The folder that it is in."""
        return Location(self.fs, self.path.rpartition("/")[0], self.text.rpartition("/")[0])

    def names(self) -> list[str]:
        """The names of the folders and files in it; none if it is not there."""
        self.fs.invalidate_cache()
        try:
            entries = self.fs.ls(self.path, detail=False)
        except FileNotFoundError:
            return []
        return sorted(entry.rstrip("/").rpartition("/")[2] for entry in entries)

    def files(self) -> dict[str, int]:
        """Every file below it: name relative to it -> size in bytes."""
        self.fs.invalidate_cache()
        found = self.fs.find(self.path, detail=True)
        return {
            os.path.relpath(path, self.path): int(entry["size"])
            for path, entry in sorted(found.items())
        }

    def remove(self) -> None:
        """Removes it with all that is in it, if it is there."""
        if self.fs.exists(self.path):
            self.fs.rm(self.path, recursive=True)


def locate(text: str) -> Location:
    """The folder that a path or a URL names. Raises PublishError if nothing can reach it."""
    try:
        fs, path = url_to_fs(text if "://" in text else os.path.abspath(text))
    except (ValueError, ImportError, OSError) as error:
        raise PublishError(f"cannot reach {text}: {one_line(error)}") from None
    return Location(fs, path.rstrip("/"), text.rstrip("/"))


@contextmanager
def reaching(what: str, location: Location | Path) -> Iterator[None]:
    """Turns what a filesystem raises in the block into one line: `cannot WHAT LOCATION: why`.

    Drivers of remote filesystems raise errors of their own kinds. Raises PublishError.
    """
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        raise PublishError(f"cannot {what} {location}: {one_line(error)}") from None


def one_line(error: BaseException) -> str:
    """What went wrong, in words that fit a line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__
