"""Looks at a picture without decoding it: what it is, its size, whether it is all there.

A few microseconds a frame, so that a picture that cannot be used is refused
before it costs anything, and an enormous one before anybody allocates its pixels.
The layouts are those of ITU T.81 (JPEG), ISO 15948 (PNG) and RFC 9649 (WebP).
"""

from __future__ import annotations

import struct

from server.core.errors import BadFrame

Size = tuple[int, int]


def measure(picture_format: str, data: bytes) -> Size:
    """Width and height in pixels of an encoded picture, as its header says.

    Raises BadFrame if the bytes are not of ``picture_format`` or not all there.
    """
    found = _kind(data)
    if found != picture_format:
        raise BadFrame(f"format says {picture_format}, but the data {_seems(found)}")
    try:
        width, height = _MEASURES[picture_format](data)
    except (struct.error, IndexError):
        raise BadFrame(f"truncated {picture_format}: the header breaks off") from None
    if not width or not height:
        raise BadFrame(f"the {picture_format} header says {width}x{height} pixels")
    return width, height


def recognise(data: bytes) -> str:
    """The format that a picture's first bytes tell. Raises BadFrame if it is none we take."""
    found = _kind(data)
    if found is None or found not in _MEASURES:
        raise BadFrame(f"a jpeg, png or webp picture is required; the data {_seems(found)}")
    return found


def _seems(found: str | None) -> str:
    return f"looks like {found}" if found else "is no picture that is known here"


def _kind(data: bytes) -> str | None:
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    return "bmp" if data[:2] == b"BM" else None


# Markers SOF0 to SOF15 carry the size; three codes of that range mean something else.
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"
# Real headers have some dozens, a few hundred with a large colour profile.
_MAX_SEGMENTS = 1000
_NO_START = "picture data does not start where it belongs"


def _measure_jpeg(data: bytes) -> Size:
    size: Size | None = None
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise BadFrame("broken jpeg: no marker where one belongs")
        marker = data[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise BadFrame(f"broken jpeg: a header segment says it has {length} bytes")
        if marker in _SIZE_MARKERS:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (width, height)
        elif marker == _START_OF_SCAN:
            return _whole_jpeg(size, data, at)
        at += 2 + length
    raise BadFrame(f"broken jpeg: more than {_MAX_SEGMENTS} header segments")


def _whole_jpeg(size: Size | None, data: bytes, scan: int) -> Size:
    if size is None:
        raise BadFrame("broken jpeg: picture data before its size")
    # Searched from the end, so a whole picture costs nothing; what cameras
    # append after the end marker is let through.
    if data.rfind(_END_OF_IMAGE, scan) < 0:
        raise BadFrame("truncated jpeg: no end marker")
    return size


# The end chunk has no content, so its checksum is always the same.
_PNG_END = b"IEND\xaeB`\x82"


def _measure_png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise BadFrame("broken png: the header chunk does not come first")
    if data.rfind(_PNG_END) < 0:
        raise BadFrame("truncated png: no end chunk")
    return width, height


def _measure_webp(data: bytes) -> Size:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise BadFrame(f"truncated webp: {len(data)} of {length + 8} bytes")
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<HBHB", data, 24)
        return 1 + width + (width_high << 16), 1 + height + (height_high << 16)
    if chunk == b"VP8L":
        start, bits = struct.unpack_from("<BI", data, 20)
        if start != 0x2F:
            raise BadFrame(f"broken webp: {_NO_START}")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        if data[23:26] != b"\x9d\x01\x2a":
            raise BadFrame(f"broken webp: {_NO_START}")
        return width & 0x3FFF, height & 0x3FFF
    raise BadFrame("broken webp: no picture chunk where one belongs")


_MEASURES = {"jpeg": _measure_jpeg, "png": _measure_png, "webp": _measure_webp}
