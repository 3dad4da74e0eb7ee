"""Pictures like those of a camera: JPEGs that show digits, of about 40 KB if they are 640x480."""

from __future__ import annotations

import functools
import io

from PIL import Image

from demomodel import scenes

SIZE = (640, 480)
TARGET_BYTES = 40_000
# No digit can be drawn in less.
_LEAST_SIDE = 64


def camera_jpegs(count: int, seed: int = 7, size: tuple[int, int] = SIZE) -> list[bytes]:
    """Return ``count`` different JPEGs, each with the quality that comes closest to 40 KB.

    For another ``size`` (width, height) than 640x480, in proportion to its pixels.
    """
    target = TARGET_BYTES * size[0] * size[1] // (SIZE[0] * SIZE[1])
    return [_jpeg((seed, number), size, target) for number in range(count)]


@functools.cache
def _jpeg(seed: tuple[int, int], size: tuple[int, int], target: int) -> bytes:
    picture = _scene(seed, size)
    low, high = 30, 97
    while low < high:
        quality = (low + high) // 2
        if len(_encoded(picture, quality)) < target:
            low = quality + 1
        else:
            high = quality
    return _encoded(picture, low)


def _scene(seed: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    drawn = max(size[0], _LEAST_SIDE), max(size[1], _LEAST_SIDE)
    picture = scenes.render(seed, drawn).picture
    return picture if drawn == size else picture.resize(size)


def _encoded(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
