"""Encoded pictures from anywhere, opened without their metadata.

Pillow interprets metadata as it opens a picture, and that may take gigabytes: color profiles
inflate, and thousands of EXIF entries may refer to the same bytes, which are copied for each. So
it gets only what the pixels depend on. Of the metadata, the orientation is read here.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping

from PIL import Image, UnidentifiedImageError

UPRIGHT = 1

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TAG, _SHORT = 0x0112, 3  # the orientation in EXIF
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_MAX_ENTRIES = 512  # cameras write a few dozen into the first directory

_APP1, _START_OF_SCAN = 0xE1, 0xDA
# Frames, tables, restart interval, and the segments that say what the components are.
_SEGMENTS_FOR_PIXELS = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, 0xE0, 0xEE})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xDA)})

_CHUNKS_FOR_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


def kind(data: bytes) -> str | None:
    """Return what the first bytes say: ``jpeg``, ``png`` or ``webp``; None: something else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else None


def opened(data: bytes) -> tuple[Image.Image, int]:
    """Open a picture as it is stored, and return its orientation, 1 to 8, as well.

    Raises UnidentifiedImageError for what is no JPEG, PNG or WebP, and anything that a decoder
    raises on broken data.
    """
    name = kind(data)
    if name is None:
        raise UnidentifiedImageError("not a picture in JPEG, PNG or WebP")
    plain, exif = _READERS[name](data)
    return Image.open(io.BytesIO(plain), formats=(name,)), _orientation(exif)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn an image as EXIF's ``orientation`` says, 1 to 8."""
    return image if orientation == UPRIGHT else image.transpose(_TURNS[orientation])


def _jpeg(data: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG without metadata, as far as its segments can be followed, and its EXIF data."""
    parts, exif, at = [data[:2]], b"", 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 3:
        _, marker, length = struct.unpack_from(">BBH", data, at)
        if marker == _START_OF_SCAN:
            parts.append(data[at:])
            break
        if marker in (0x00, 0xFF):  # padding
            at += 1
            continue
        end = at + 2 + (0 if marker in _WITHOUT_LENGTH else length)
        if marker in _SEGMENTS_FOR_PIXELS:
            parts.append(data[at:end])
        elif marker == _APP1 and not exif and data.startswith(b"Exif\0\0", at + 4):
            exif = data[at + 4 : end]
        at = end
    return b"".join(parts), exif


def _png(data: bytes) -> tuple[bytes, bytes]:
    """Return a PNG without metadata, as far as its chunks can be followed, and its EXIF data."""
    parts, exif, at = [data[:8]], b"", 8
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if name in _CHUNKS_FOR_PIXELS:
            parts.append(data[at:end])
        elif name == b"eXIf" and not exif:  # only one is allowed
            exif = data[at + 8 : end - 4]
        at = end
    return b"".join(parts), exif


def _webp(data: bytes) -> tuple[bytes, bytes]:
    """Return a WebP as it is, of whose metadata Pillow makes nothing but copies, and its EXIF."""
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF":
            return data, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return data, b""


_READERS: Mapping[str, Callable[[bytes], tuple[bytes, bytes]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
}


def _orientation(exif: bytes) -> int:
    """Return the orientation in EXIF data. Anything unreadable counts as upright."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(tiff[:4])
    try:
        return UPRIGHT if order is None else _entry(tiff, order)
    except struct.error:
        return UPRIGHT


def _entry(tiff: bytes, order: str) -> int:
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for number in range(min(entries, _MAX_ENTRIES)):
        at = directory + 2 + 12 * number
        tag, kind_, _, value = struct.unpack_from(order + "HHIH", tiff, at)
        if tag == _TAG:
            return int(value) if kind_ == _SHORT and 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
