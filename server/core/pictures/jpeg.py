"""JPEG headers, as laid out in ITU T.81."""

from __future__ import annotations

import re
import struct
from itertools import islice
from typing import NamedTuple

from server.core.amounts import amount
from server.core.errors import BadFrame
from server.core.pictures.layout import EXIF, UPRIGHT, Header, orientation

_SEGMENT = struct.Struct(">BBH").unpack_from  # FF, the marker, the length after the marker
# Start-of-frame markers carry the size and the coding. Three codes of C0 to CF mean
# something else. Decoders differ in whether they read arithmetic codes, and hardly one
# reads the lossless and hierarchical codings, so only Huffman codes are taken.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = 0xC2
_CODINGS = frozenset({0xC0, 0xC1, _PROGRESSIVE})
_APP1 = 0xE1
_START_OF_SCAN = 0xDA
_FILL = 0xFF  # before a marker
# Besides the frame: tables, restart interval, and the segments that say what the components are.
_DHT, _DQT, _DRI, _APP0, _APP14 = 0xC4, 0xDB, 0xDD, 0xE0, 0xEE
_TABLES = frozenset({_DHT, _DQT})
_FOR_PIXELS = _CODINGS | _TABLES | {_DRI, _APP0, _APP14}
_END_OF_IMAGE = b"\xff\xd9"
# Real headers have a few dozen segments, a few hundred with a large colour profile.
_MAX_SEGMENTS = 1000
# All tables that a decoder can keep have less than 3 KiB; it reads any number of them.
MAX_TABLE_BYTES = 16 * 1024
# Encoders write about ten scans. Each costs another pass over all coefficients.
MAX_SCANS = 20
# Within a scan FF is followed by zero, or by the number of a restart marker.
_SCAN = re.compile(rb"\xff\xda")
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Of a camera, all pictures have the same bytes before their scans. These are read once, and found
# again by their beginning, which has the size in most of them.
_KEY_BYTES, _LARGEST_HEAD, _MOST_HEADS = 192, 4096, 64


class _Head(NamedTuple):
    """The bytes up to a picture's first scan, where that begins, and what they say."""

    content: bytes
    scan: int
    frame: tuple[int, int, int, int] | None
    turned: int


_heads: dict[bytes, _Head] = {}


def read(data: bytes) -> Header:
    """Read the header of a JPEG. Raises BadFrame, struct.error or IndexError."""
    head = _heads.get(data[:_KEY_BYTES])
    if head is None or not data.startswith(head.content):
        head = _head(data)
        if head.scan <= _LARGEST_HEAD:
            if len(_heads) >= _MOST_HEADS:
                _heads.clear()
            _heads[data[:_KEY_BYTES]] = head
    return _whole(head.frame, head.turned, data, head.scan)


def without_metadata(data: bytes) -> bytes:
    """Return a JPEG that :func:`read` accepts, without the segments that its pixels do not need."""
    parts, at = [data[:2]], 2
    while data[at + 1] != _START_OF_SCAN:
        _, marker, length = _SEGMENT(data, at)
        end = at + 1 if marker == _FILL else at + 2 + length
        if marker in _FOR_PIXELS:
            parts.append(data[at:end])
        at = end
    return b"".join((*parts, data[at:]))


def _head(data: bytes) -> _Head:
    """Read what comes before the first scan. Raises like :func:`read`."""
    frame: tuple[int, int, int, int] | None = None
    turned: int | None = None
    tables, at = 0, 2
    for _ in range(_MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise BadFrame("broken jpeg: a marker is missing")
        _, marker, length = _SEGMENT(data, at)
        if marker == _FILL:
            at += 1
            continue
        if length < 2:
            raise _too_short(length)
        if marker in _FRAMES:
            frame = _frame(marker, data, at)
        elif marker in _TABLES:
            tables += length
        elif marker == _APP1 and turned is None and data.startswith(EXIF, at + 4):
            # Only the first: there may be hundreds, each with hundreds of entries.
            turned = orientation(data[at + 4 : at + 2 + length])
        elif marker == _START_OF_SCAN:
            return _Head(data[: at + 4], at, frame, turned or UPRIGHT)
        if tables > MAX_TABLE_BYTES:
            raise BadFrame(f"broken jpeg: more than {MAX_TABLE_BYTES} bytes of tables")
        at += 2 + length
    raise _too_many_segments()


def _too_many_segments() -> BadFrame:
    return BadFrame(f"broken jpeg: more than {_MAX_SEGMENTS} segments")


def _too_short(length: int) -> BadFrame:
    return BadFrame(f"broken jpeg: a header segment says it has {amount(length, 'byte')}")


def _frame(marker: int, data: bytes, at: int) -> tuple[int, int, int, int]:
    """Return marker, width, height and number of components. Raises BadFrame."""
    bits, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
    if marker not in _CODINGS:
        raise BadFrame(
            "this jpeg is arithmetic-coded, lossless or hierarchical; "
            "a baseline or progressive one with Huffman codes is required"
        )
    if bits != 8:
        raise BadFrame(f"this jpeg has {amount(bits, 'bit')} per sample; 8 are required")
    if components not in (1, 3, 4):
        raise BadFrame(f"this jpeg has {components} components; 1, 3 or 4 are required")
    return marker, width, height, components


def _whole(frame: tuple[int, int, int, int] | None, turned: int, data: bytes, scan: int) -> Header:
    if frame is None:
        raise BadFrame("broken jpeg: picture data before its size")
    # Searched from the end, so a complete picture costs nothing. Whatever cameras
    # append after the end marker is allowed.
    if data.rfind(_END_OF_IMAGE, scan) < 0:
        raise BadFrame("truncated jpeg: no end marker")
    marker, width, height, components = frame
    # Decoders work in blocks of 8x8, which a picture of few columns or rows hardly fills.
    cost = (width + 7 & ~7) * (height + 7 & ~7)
    # A baseline scan that holds all components is the only one that a decoder reads.
    if marker == _PROGRESSIVE or data[scan + 4] != components:
        cost *= _passes(data, scan)
    return Header(width, height, turned, cost)


def _passes(data: bytes, scan: int) -> int:
    """Return how many passes over the pixels decoding takes: two scans count as one."""
    # A scan's marker may also appear by chance, in what follows the picture, so only
    # a picture that seems to have too many is walked marker by marker. The expression
    # finds two bytes three times as fast as bytes.count.
    scans = sum(1 for _ in islice(_SCAN.finditer(data, scan), MAX_SCANS + 1))
    if scans > MAX_SCANS:
        scans = _count_scans(data, scan)
    if scans > MAX_SCANS:
        raise BadFrame(f"this jpeg has more than {MAX_SCANS} scans, which is costly to decode")
    return 1 + scans // 2


def _count_scans(data: bytes, at: int) -> int:
    """Count the scans up to the end marker, at most one more than is allowed."""
    scans = 0
    for _ in range(_MAX_SEGMENTS):
        marker = data[at + 1]
        if marker == _END_OF_IMAGE[1]:
            return scans
        _, _, length = _SEGMENT(data, at)
        if length < 2:
            raise _too_short(length)
        at += 2 + length
        if marker == _START_OF_SCAN:
            scans += 1
        following = _MARKER.search(data, at)
        if scans > MAX_SCANS or following is None:
            return scans
        at = following.start()
    raise _too_many_segments()
