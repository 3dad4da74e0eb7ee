"""Sample images of digits that need no installed fonts."""

from __future__ import annotations

import functools
import io

from PIL import Image

from demomodel import camera, scenes

COUNT = 16
_SIZES = ((320, 240), (240, 320), (192, 192), (150, 110), (426, 240))


@functools.cache
def rendered() -> tuple[bytes, ...]:
    """Return the same sixteen encoded images every time; every third one is a PNG."""
    images = []
    for seed in range(COUNT):
        picture = scenes.render((2026, seed), _SIZES[seed % len(_SIZES)]).picture
        images.append(camera.jpeg(picture, 85) if seed % 3 else _png(picture))
    return tuple(images)


def _png(picture: Image.Image) -> bytes:
    """Encode at half the size, because PNGs of noisy images are large."""
    buffer = io.BytesIO()
    picture.resize((picture.width // 2, picture.height // 2)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
