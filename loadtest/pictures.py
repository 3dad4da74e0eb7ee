"""Pictures like those of a camera: 640x480 JPEGs of about 40 KB that show digits."""

from __future__ import annotations

import io

from PIL import Image

from demomodel import scenes

SIZE = (640, 480)
TARGET_BYTES = 40_000


def camera_jpegs(count: int, seed: int = 7) -> list[bytes]:
    """Return ``count`` different JPEGs, each with the quality that comes closest to 40 KB."""
    return [_jpeg(scenes.render((seed, number), SIZE).picture) for number in range(count)]


def _jpeg(picture: Image.Image) -> bytes:
    low, high = 30, 97
    while low < high:
        quality = (low + high) // 2
        if len(_encoded(picture, quality)) < TARGET_BYTES:
            low = quality + 1
        else:
            high = quality
    return _encoded(picture, low)


def _encoded(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
