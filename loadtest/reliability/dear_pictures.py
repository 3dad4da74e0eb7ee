"""Pictures that are cheap to send and dear to decode."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

_SIDE = 4000
_GRAY = (9, 9, 9)
_INFLATED_BYTES = 200_000_000
_SCANS = 40


def flat_png() -> bytes:
    """Return a PNG of 16 megapixels and 46 KB."""
    return _saved(Image.new("RGB", (_SIDE, _SIDE), _GRAY), "PNG")


def flat_webp() -> bytes:
    """Return a lossless WebP of 16 megapixels and less than 1 KB."""
    return _saved(Image.new("RGB", (_SIDE, _SIDE), _GRAY), "WEBP", lossless=True)


def inflating_png() -> bytes:
    """Return a PNG of 8x8 pixels whose data inflates to 200 MB."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(_INFLATED_BYTES), 9)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def many_scans(size: tuple[int, int] = (2400, 1800), repeated: int = _SCANS) -> bytes:
    """Return a progressive JPEG whose last scan is repeated, smaller than a frame may be."""
    noise = Image.effect_noise(size, 8).convert("RGB")
    jpeg = _saved(noise, "JPEG", progressive=True, quality=20)
    last = jpeg.rfind(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * repeated + jpeg[-2:]


def large_jpeg() -> bytes:
    """Return a baseline JPEG of 15.5 megapixels, the most that a default gateway decodes."""
    return _saved(Image.new("RGB", (_SIDE, 3875), _GRAY), "JPEG", quality=50)


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
