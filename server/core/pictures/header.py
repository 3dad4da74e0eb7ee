"""Read an encoded picture's header: its kind, size, orientation, cost and completeness.

This takes a few microseconds per frame, so an unusable picture is refused before it
costs anything, and an enormous one before anybody allocates its pixels. ``jpeg``,
``png`` and ``webp`` each know one format.

Cost is counted in pixels of a baseline JPEG, the cheapest kind to decode. A PNG pays for
its bytes, a WebP pixel costs several of a JPEG, and a progressive JPEG pays for every scan.

Some pictures can be made to take ten times as long as their kind usually does, and only decoding
would show which. Their cost is the usual one, so that nobody pays for what others might do; their
worst cost decides who travels with whom.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping

from server.core.errors import BadFrame
from server.core.pictures import jpeg, png, webp
from server.core.pictures.layout import Header


def examine(picture_format: str, data: bytes) -> Header:
    """Read the header of ``data``.

    Raises BadFrame if the bytes are not of ``picture_format``, are incomplete, or hold
    a variant that no decoder here supports.
    """
    if not _SIGNATURES[picture_format].match(data):
        raise BadFrame(f"format says {picture_format}, but the data {_seems(_kind(data))}")
    try:
        header = _READERS[picture_format](data)
    except (struct.error, IndexError):
        raise BadFrame(f"truncated {picture_format}: the header breaks off") from None
    if not header.width or not header.height:
        size = f"{header.width}x{header.height}"
        raise BadFrame(f"the {picture_format} header says {size} pixels")
    return header


def without_metadata(picture_format: str, data: bytes) -> bytes:
    """Return a picture that :func:`examine` accepts, without what its pixels do not depend on.

    Decoders interpret metadata as they open a picture, and that may take gigabytes: color profiles
    inflate, and thousands of EXIF entries may refer to the same bytes, which are copied for each.
    """
    return _WITHOUT_METADATA[picture_format](data)


def recognise(data: bytes) -> str:
    """Return the format that the first bytes identify. Raises BadFrame if it is unsupported."""
    kind = _kind(data)
    if kind is None or kind not in _READERS:
        raise BadFrame(f"a jpeg, png or webp picture is required; the data {_seems(kind)}")
    return kind


def _seems(kind: str | None) -> str:
    return f"looks like {kind}" if kind else "is not a picture in any known format"


_SIGNATURES: Mapping[str, re.Pattern[bytes]] = {
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "gif": re.compile(rb"GIF8[79]a"),
    "bmp": re.compile(rb"BM"),
    "tiff": re.compile(rb"II\*\0|MM\0\*"),
    "heic or avif": re.compile(rb"....ftyp", re.DOTALL),
    "base64 instead of bytes": re.compile(rb"(data:image/[^,]{,99},)?(/9j/|iVBORw0KGgo|UklGR)"),
    "JSON instead of the picture itself": re.compile(rb"\s{,99}[{\[]\s{,99}[\"{\[\d]"),
}


def _kind(data: bytes) -> str | None:
    return next((kind for kind, start in _SIGNATURES.items() if start.match(data)), None)


_READERS: Mapping[str, Callable[[bytes], Header]] = {
    "jpeg": jpeg.read,
    "png": png.read,
    "webp": webp.read,
}

# Of a WebP's metadata, decoders make nothing but copies.
_WITHOUT_METADATA: Mapping[str, Callable[[bytes], bytes]] = {
    "jpeg": jpeg.without_metadata,
    "png": png.without_metadata,
    "webp": bytes,
}
