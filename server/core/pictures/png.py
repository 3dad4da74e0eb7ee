"""PNG headers, as laid out in ISO 15948, and how far the pixels inflate."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from server.core.errors import BadFrame
from server.core.pictures.layout import UPRIGHT, Header, orientation

_START = 8  # bytes of the signature
_AROUND = 12  # bytes of a chunk around its contents
# The end chunk is empty, so its checksum is always the same.
_END = b"IEND\xaeB`\x82"
_FOR_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT"))
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Encoders cut pixel data into chunks of 4 KiB or more.
_MAX_CHUNKS, _BYTES_PER_CHUNK = 1024, 1024
# Deflate expands a thousandfold, and a decoder inflates texts that nobody reads.
MAX_COMPRESSED_TEXT = 64 * 1024
# Adam7: each pass has every so many columns and rows, from a first one.
_PASSES = (
    (0, 8, 0, 8),
    (4, 8, 0, 8),
    (0, 4, 4, 8),
    (2, 4, 0, 4),
    (0, 2, 2, 4),
    (1, 2, 0, 2),
    (0, 1, 1, 2),
)
# The most that deflate expands, and what an encoder may leave after the pixels.
_MAX_EXPANSION = 1032
_SLACK = 64 * 1024
_STEP = 256 * 1024
# In pixels of a JPEG: a row of few pixels takes as long as these, and a byte of compressed data
# that inflates to nothing, because a deflate block's tables are built for no pixel.
_ROW_COST, _WORST_BYTE_COST = 6, 8


def read(data: bytes) -> Header:
    """Read the header of a PNG. Raises BadFrame, struct.error or IndexError."""
    width, height, depth, colour, compression, filtering, interlace = _image_header(data)
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise BadFrame("broken png: its header names a coding that does not exist")
    if data.rfind(_END) < 0:
        raise BadFrame("truncated png: no end chunk")
    turned, transparent, packed = _walk(data)
    if transparent and depth == 16:
        raise BadFrame("this png has a transparent color of 16 bits, which decoders disagree on")
    raw = _raw_bytes(data)
    if packed > raw + raw // 8 + _SLACK:
        raise BadFrame(f"broken png: {packed} bytes of compressed data for {raw} of pixels")
    cost = _cost(width * height, depth * _CHANNELS[colour], interlace) + height * _ROW_COST
    return Header(width, height, turned, cost, cost + packed * _WORST_BYTE_COST)


def _cost(pixels: int, bits: int, interlace: int) -> int:
    """Return the cost of ``pixels`` of ``bits`` each, without their rows.

    PNG has no cheaper decoding at a reduced size: every byte is inflated and filtered. A byte
    takes at most as long as a pixel of a detailed JPEG, each pixel as long again to be converted,
    and once more to be put into its place if the passes of an interlaced PNG are spread over rows.
    """
    return pixels * (bits + 8 + 8 * interlace) // 8


def check_pixels(data: bytes) -> None:
    """Inflate the pixel data of a PNG as far as its header allows. Raises BadFrame.

    A decoder inflates everything that is there. This keeps little in memory, stops at
    what the pixels take, and skips a picture that is too short to hold more. It takes
    about half as long as decoding, so call it in a thread.
    """
    expected = _raw_bytes(data)
    parts = [data[start:end] for kind, start, end in _chunks(data) if kind == b"IDAT"]
    if sum(map(len, parts)) * _MAX_EXPANSION <= expected + 16 * _SLACK:
        return
    if _inflated(parts, expected + _SLACK) > expected + _SLACK:
        raise BadFrame(f"broken png: its data inflates beyond the {expected} bytes of its pixels")


def without_metadata(data: bytes) -> bytes:
    """Return a PNG that :func:`read` accepts, without the chunks that its pixels do not need."""
    chunks = [data[at - 8 : end + 4] for kind, at, end in _chunks(data) if kind in _FOR_PIXELS]
    plain = b"".join((data[:_START], *chunks, bytes(4), _END))
    return plain if len(plain) < len(data) else data


def _image_header(data: bytes) -> tuple[int, ...]:
    fields = struct.unpack_from(">IIBBBBB", data, 16)
    if data[12:16] != b"IHDR":
        raise BadFrame("broken png: the header chunk does not come first")
    return fields


def _walk(data: bytes) -> tuple[int, bool, int]:
    """Return the orientation, whether a colour is transparent, and the bytes of compressed pixels.

    Raises BadFrame.
    """
    turned: int | None = None
    transparent, packed, texts, count = False, 0, 0, 0
    for kind, start, end in _chunks(data):
        count += 1
        if kind == b"IDAT":
            packed += end - start
        elif kind == b"eXIf" and turned is None:  # only one is allowed
            turned = orientation(data[start:end])
        elif kind == b"tRNS":
            transparent = True
        elif kind in (b"zTXt", b"iTXt"):
            texts += end - start if _compressed(kind, data, start, end) else 0
    if count > _MAX_CHUNKS + len(data) // _BYTES_PER_CHUNK:
        raise BadFrame(f"broken png: {count} chunks in {len(data)} bytes")
    if texts > MAX_COMPRESSED_TEXT:
        raise BadFrame(f"this png has {texts} bytes of compressed text, which inflates a lot")
    return turned or UPRIGHT, transparent, packed


def _compressed(kind: bytes, data: bytes, start: int, end: int) -> bool:
    """Return whether a text is compressed; an ``iTXt`` has a flag after its keyword."""
    if kind == b"zTXt":
        return True
    flag = data.find(b"\0", start, end) + 1
    return bool(flag) and data[flag : flag + 1] != b"\0"


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield each chunk up to the end chunk: its kind, and where its contents lie."""
    at = _START
    bound = _MAX_CHUNKS + len(data) // _BYTES_PER_CHUNK
    for _ in range(bound + 1):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, at + 8, at + 8 + length
        at += _AROUND + length


def _raw_bytes(data: bytes) -> int:
    """Return the bytes that the pixels take, a filter byte per row included."""
    width, height, depth, colour, _, _, interlace = _image_header(data)
    bits = depth * _CHANNELS[colour]
    passes = _PASSES if interlace else ((0, 1, 0, 1),)
    total = 0
    for left, columns, top, rows in passes:
        across, down = -((left - width) // columns), -((top - height) // rows)
        if across > 0:
            total += down * (1 + (across * bits + 7) // 8)
    return total


def _inflated(parts: list[bytes], limit: int) -> int:
    """Return how many bytes ``parts`` inflate to, or some number beyond ``limit``."""
    stream = zlib.decompressobj()
    total = 0
    try:
        for part in parts:
            while part and total <= limit and not stream.eof:
                total += len(stream.decompress(part, _STEP))
                part = stream.unconsumed_tail
    except zlib.error as error:
        raise BadFrame(f"broken png: {error}") from None
    return total
