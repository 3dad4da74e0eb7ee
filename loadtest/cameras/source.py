"""The pictures that cameras send: rendered scenes, a folder, or the frames of a video."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from framewire import encodedpicture
from framewire.client.errors import SourceError
from framewire.client.sources import Folder, video

SCENES = 12
MAX_VIDEO_FRAMES = 300
JPEG_QUALITY = 85
MANY_PIXELS = 10_000_000
"""Rendering as many takes seconds, so that it is worth a line."""


class Picture(NamedTuple):
    """An encoded picture and its format on the wire: ``jpeg``, ``png`` or ``webp``."""

    format: str
    data: bytes


def rendered(sizes: Sequence[tuple[int, int]]) -> list[Picture]:
    """Return scenes of printed digits as JPEGs, of each size (width, height) in turn."""
    from loadtest.pictures import camera_jpegs  # which needs numpy

    count = -(-SCENES // len(sizes))
    pixels = count * sum(width * height for width, height in sizes)
    if pixels > MANY_PIXELS:
        print(f"rendering {count * len(sizes)} pictures, {pixels / 1e6:.0f} megapixels", flush=True)
    rows = zip(*(camera_jpegs(count, size=size) for size in sizes), strict=True)
    return [Picture("jpeg", data) for row in rows for data in row]


def of_folder(path: Path) -> list[Picture]:
    """Return the pictures of a folder as they are. Raises ``SourceError``."""
    return [_picture(file) for file in Folder(path)]


def of_video(path: Path) -> list[Picture]:
    """Return the first frames of a video as JPEGs. Raises ``SourceError``."""
    pictures = []
    for frame in itertools.islice(video(path), MAX_VIDEO_FRAMES):
        file = io.BytesIO()
        frame.save(file, "JPEG", quality=JPEG_QUALITY)
        pictures.append(Picture("jpeg", file.getvalue()))
    if not pictures:
        raise SourceError(f"{path} has no frames")
    return pictures


def _picture(file: Path) -> Picture:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}") from None
    kind = encodedpicture.kind(data)
    if kind is None:
        raise SourceError(f"{file} is not a picture in JPEG, PNG or WebP")
    return Picture(kind, data)
