"""Identify a source by name and contents, so that a version can say what it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from export.errors import SourceError
from export.sources.formats import Format, is_lfs_pointer
from export.sources.unsupported import error_for

_CHUNK = 1 << 20


def fingerprint(name: str, files: Iterable[Path]) -> str:
    """Return ``NAME sha256:DIGEST`` for a source.

    Raise ``SourceError`` if a file is unreadable, or stands for one that Git LFS did not bring.
    """
    return f"{name} sha256:{sha256(files)}"


def sha256(files: Iterable[Path]) -> str:
    """Return the hexadecimal SHA-256 of the contents of ``files``, in their order.

    Raise ``SourceError`` if one cannot be read, or is a Git LFS pointer.
    """
    digest = hashlib.sha256()
    for path in files:
        if is_lfs_pointer(path):
            raise error_for(path, Format.LFS_POINTER)
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from None
    return digest.hexdigest()
