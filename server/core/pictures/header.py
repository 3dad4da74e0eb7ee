"""Read an encoded picture's header: its kind, size, orientation, cost and completeness.

This takes a few microseconds per frame, so an unusable picture is refused before it
costs anything, and an enormous one before anybody allocates its pixels. ``jpeg``,
``png`` and ``webp`` each know one format.

Cost is counted in pixels of a baseline JPEG, the cheapest kind to decode. A PNG or
WebP pixel costs several of them, and a progressive JPEG pays for every scan.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from server.core.errors import BadFrame
from server.core.pictures import jpeg, png, webp
from server.core.pictures.layout import Header

Size = tuple[int, int]


def examine(picture_format: str, data: bytes) -> Header:
    """Read the header of ``data``.

    Raises BadFrame if the bytes are not of ``picture_format``, are incomplete, or hold
    a variant that no decoder here supports.
    """
    kind = _kind(data)
    if kind != picture_format:
        raise BadFrame(f"format says {picture_format}, but the data {_seems(kind)}")
    try:
        header = _READERS[picture_format](data)
    except (struct.error, IndexError):
        raise BadFrame(f"truncated {picture_format}: the header breaks off") from None
    if not header.width or not header.height:
        size = f"{header.width}x{header.height}"
        raise BadFrame(f"the {picture_format} header says {size} pixels")
    return header


def measure(picture_format: str, data: bytes) -> Size:
    """Return the width and height that the header states, in pixels. Raises BadFrame."""
    header = examine(picture_format, data)
    return header.width, header.height


def recognise(data: bytes) -> str:
    """Return the format that the first bytes identify. Raises BadFrame if it is unsupported."""
    kind = _kind(data)
    if kind is None or kind not in _READERS:
        raise BadFrame(f"a jpeg, png or webp picture is required; the data {_seems(kind)}")
    return kind


def _seems(kind: str | None) -> str:
    return f"looks like {kind}" if kind else "is not a picture in any known format"


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)


def _kind(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return "heic or avif"
    return next((kind for start, kind in _SIGNATURES if data.startswith(start)), None)


_READERS: Mapping[str, Callable[[bytes], Header]] = {
    "jpeg": jpeg.read,
    "png": png.read,
    "webp": webp.read,
}
