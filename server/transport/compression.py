"""Files as they are sent: which content a file has now, and that content compressed."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

LARGEST_BYTES = 256 * 1024
"""Of a file that is compressed: about 8 ms of the event loop, once."""
SMALLEST_GAIN = 0.1
"""What a client saves, as a share of the file; for less it should not have to decompress."""
# Tags are compared, not trusted: 128 bits of a hash tell contents apart, and travel twice a visit.
VERSION_DIGITS = 32


State = tuple[int, int]
"""When a file was changed, in ns, and its size: another content has another state."""


@dataclass(frozen=True)
class Content:
    """What a file contains.

    ``version``: differs for different contents. ``compressed``: as gzip; None if that is no gain.
    """

    version: str
    body: bytes
    compressed: bytes | None


def state_of(path: str) -> State:
    """Return the state that a file is in. Raises OSError."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def version_of(body: bytes) -> str:
    """Return what tells a content from others."""
    return hashlib.sha256(body).hexdigest()[:VERSION_DIGITS]


def packed(body: bytes) -> Content:
    """Compress a content."""
    version = version_of(body)
    if len(body) > LARGEST_BYTES:
        return Content(version, body, None)
    compressed = gzip.compress(body, compresslevel=6, mtime=0)
    gains = len(compressed) <= (1 - SMALLEST_GAIN) * len(body)
    return Content(version, body, compressed if gains else None)


def read(path: Path) -> Content:
    """Read a file. Raises OSError."""
    return packed(path.read_bytes())


class Contents:
    """Contents of files, each read when it is first asked for and again after it has changed.

    ``limit_bytes`` bounds the contents that are kept; the oldest make room.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept_bytes = 0
        self._kept: dict[str, tuple[State, Content]] = {}

    def of(self, path: str) -> Content:
        """Return the content that a file has now. Raises OSError."""
        state = state_of(path)
        kept = self._kept.get(path)
        if kept is not None and kept[0] == state:
            return kept[1]
        self._forget(path)
        content = read(Path(path))
        self._keep(path, state, content)
        return content

    def _keep(self, path: str, state: State, content: Content) -> None:
        self._kept[path] = (state, content)
        self._kept_bytes += _cost(content)
        while self._kept_bytes > self._limit_bytes:
            self._forget(next(iter(self._kept)))

    def _forget(self, path: str) -> None:
        if path in self._kept:
            self._kept_bytes -= _cost(self._kept.pop(path)[1])


def _cost(content: Content) -> int:
    """Return the bytes that a content takes, with those of its entry."""
    return 1024 + len(content.body) + len(content.compressed or b"")


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client takes gzip, by its ``Accept-Encoding`` (RFC 9110, 12.5.3)."""
    weights: dict[str, bool] = {}
    for one in accept_encoding.lower().split(","):
        coding, _, parameters = one.partition(";")
        weights[coding.strip()] = _is_wanted(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _is_wanted(parameters: str) -> bool:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return True
    try:
        return float(value) > 0
    except ValueError:
        return False
