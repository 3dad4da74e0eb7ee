"""The files of ``static/`` as they are now; its pages load theirs from below a fingerprint."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from server.transport.compression import Content, Contents, packed
from server.transport.fingerprint import Fingerprint, addressed

# In a checkout, a link to the top-level folder.
ROOT = Path(__file__).resolve().parents[1] / "static"
FINGERPRINT = Fingerprint(ROOT)

# All of static/, with its compressed form, is a fourth of this.
_CONTENTS = Contents(limit_bytes=4 * 1024 * 1024)


def content_of(path: str) -> Content:
    """Return what is sent for a file. Raises OSError."""
    content = _CONTENTS.of(path)
    return _page(content.body, FINGERPRINT.name()) if path.endswith(".html") else content


def within_root(path: str) -> str:
    """Return a file's path below ``static/``, as in addresses."""
    return Path(os.path.relpath(path, os.path.realpath(ROOT))).as_posix()


@lru_cache(maxsize=16)
def _page(body: bytes, name: str) -> Content:
    return packed(addressed(body, name))
