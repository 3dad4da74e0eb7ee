"""WebP headers, as laid out in RFC 9649."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from server.core.errors import BadFrame
from server.core.pictures.layout import UPRIGHT, Header, orientation

# A WebP has no cheaper decoding at a reduced size, and its decoder keeps four canvases.
PIXEL_COST = 6
# Of a lossless picture or alpha channel, each block of 4x4 pixels may have codes of its own. Their
# tables take 5 KB, and longer to fill than the pixels to decode, but only 4 bytes of the file.
WORST_PIXEL_COST, WORST_BYTE_COST = 130, 480

_EXIF_FLAG, _ANIMATION_FLAG = 0x08, 0x02
_MAX_CHUNKS = 1000
# The frames of an animation may be of either coding.
_LOSSLESS = frozenset((b"VP8L", b"ALPH", b"ANMF"))
_NO_START = "picture data does not start where it belongs"


def read(data: bytes) -> Header:
    """Read the header of a WebP. Raises BadFrame, struct.error or IndexError."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise BadFrame(f"truncated webp: {len(data)} of {length + 8} bytes")
    width, height = _size(data)
    pixels = width * height
    cost = pixels * PIXEL_COST
    worst = min(pixels * WORST_PIXEL_COST, cost + len(data) * WORST_BYTE_COST)
    turned = _turned(data, length + 8)
    return Header(width, height, turned, cost, worst if _has_lossless(data, length + 8) else 0)


def is_animated(data: bytes) -> bool:
    """Return whether the header of a WebP announces an animation."""
    return data[12:16] == b"VP8X" and bool(data[20] & _ANIMATION_FLAG)


def _has_lossless(data: bytes, end: int) -> bool:
    """Return whether a part of the picture may be coded losslessly."""
    if data[12:16] != b"VP8X":
        return data[12:16] == b"VP8L"
    count = 0
    for kind, _, _ in _chunks(data, end):
        count += 1
        if kind in _LOSSLESS:
            return True
    return count == _MAX_CHUNKS  # there may be more


def _size(data: bytes) -> tuple[int, int]:
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
    raise BadFrame("broken webp: a picture chunk is missing")


def _turned(data: bytes, end: int) -> int:
    """Return the orientation in the EXIF chunk, which comes after the picture."""
    if data[12:16] != b"VP8X" or not data[20] & _EXIF_FLAG:
        return UPRIGHT
    for kind, start, length in _chunks(data, end):
        if kind == b"EXIF":
            return orientation(data[start : start + length])
    return UPRIGHT


def _chunks(data: bytes, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each chunk up to a bound: its kind, where its contents start, and their length."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > end:
            return
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], at + 8, length
        at += 8 + length + length % 2
