"""What a source is, so that a version can say what it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from export.errors import SourceError

_CHUNK = 1 << 20


def origin(name: str, files: Iterable[Path]) -> str:
    """`name`, and the SHA-256 over the contents of `files` in their order. Raises SourceError."""
    whole = hashlib.sha256()
    for path in files:
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    whole.update(chunk)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}") from None
    return f"{name} sha256:{whole.hexdigest()}"
