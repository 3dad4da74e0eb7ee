"""Textured surfaces: clouds, grain, overlapping leaves, tiles and pages of tiny print."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

Size = tuple[int, int]


def cloudy(rng: np.random.Generator, size: Size) -> Image.Image:
    """Return stains of all sizes: random grids of ever more cells, enlarged and added up."""
    fading, tint = rng.uniform(0.45, 1.0), rng.uniform(0.0, 0.6)
    total = np.zeros((size[1], size[0], 3), np.float32)
    weight, cells = 1.0, int(rng.integers(2, 5))
    while cells < max(size):
        shade = rng.standard_normal((cells, cells, 1)).astype(np.float32)
        color = rng.standard_normal((cells, cells, 3)).astype(np.float32)
        total += weight * _enlarged((1 - tint) * shade + tint * color, size)
        weight, cells = weight * fading, cells * 2
    return _tinted(rng, total / total.std(), spread=rng.uniform(8, 55))


def grainy(rng: np.random.Generator, size: Size) -> Image.Image:
    """Return grain of one size, as of plaster, cloth or asphalt, sometimes stretched."""
    grain = rng.uniform(1, 5)
    stretch = rng.choice([1.0, rng.uniform(1, 12)])
    cells = max(2, int(size[1] / grain)), max(2, int(size[0] / grain / stretch))
    noise = rng.standard_normal((*cells, 1)).astype(np.float32)
    return _tinted(rng, _enlarged(noise, size), spread=rng.uniform(5, 45))


def leaves(rng: np.random.Generator, size: Size) -> Image.Image:
    """Return overlapping patches of few colors, small ones in front."""
    picture = Image.new("RGB", size, _color(rng))
    draw = ImageDraw.Draw(picture)
    colors = [_color(rng) for _ in range(int(rng.integers(2, 7)))]
    for radius in np.sort(np.exp(rng.uniform(np.log(4), np.log(max(size) / 3), 90)))[::-1]:
        x, y = rng.uniform(0, 1, 2) * size
        sides = int(rng.integers(3, 12))
        fill = colors[int(rng.integers(len(colors)))]
        draw.regular_polygon((x, y, radius), sides, rotation=rng.uniform(0, 90), fill=fill)
    return picture


def tiles(rng: np.random.Generator, size: Size) -> Image.Image:
    """Return bricks, tiles or squared paper."""
    picture = Image.new("RGB", size, _color(rng))
    draw = ImageDraw.Draw(picture)
    base, spread = np.array(_color(rng)), rng.uniform(0, 40)
    height = rng.uniform(8, size[1] / 3)
    width, joint = height * rng.uniform(1, 3), rng.uniform(1, 4)
    shift = rng.choice([0.0, 0.5])
    for row in range(int(size[1] / height) + 1):
        for column in range(-1, int(size[0] / width) + 1):
            x, y = (column + shift * (row % 2)) * width, row * height
            fill = tuple(int(v) for v in np.clip(base + rng.normal(0, spread), 0, 255))
            draw.rectangle((x, y, x + width - joint, y + height - joint), fill=fill)
    return picture


def page(rng: np.random.Generator, size: Size) -> Image.Image:
    """Return lines of print too small to read, as blocks of the lengths of words."""
    picture = Image.new("RGB", size, _color(rng, 170, 256))
    draw = ImageDraw.Draw(picture)
    ink, height = _color(rng, 0, 110), rng.uniform(2.5, 6)
    for y in np.arange(rng.uniform(0, 20), size[1], height * rng.uniform(1.6, 2.6)):
        x = rng.uniform(0, 30)
        while x < size[0]:
            width = height * rng.uniform(1, 7)
            for at in np.arange(x, x + width, height * 0.5):
                top = y - rng.choice([0.0, 0.4]) * height
                draw.line((at, top, at, y + height * 0.6), fill=ink)
            x += width + height * 0.8
    return picture


TEXTURES: tuple[Callable[[np.random.Generator, Size], Image.Image], ...] = (
    cloudy,
    cloudy,
    grainy,
    leaves,
    tiles,
    page,
)


def _color(rng: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in rng.integers(low, high, 3))
    return red, green, blue


def _enlarged(grid: np.ndarray, size: Size) -> np.ndarray:
    """Enlarge ``[rows, columns, channels]`` to ``[height, width, channels]``."""
    planes = [
        np.asarray(Image.fromarray(grid[..., i]).resize(size, Image.Resampling.BILINEAR))
        for i in range(grid.shape[-1])
    ]
    return np.stack(planes, axis=-1)


def _tinted(rng: np.random.Generator, relief: np.ndarray, spread: float) -> Image.Image:
    """Return ``relief``, of a mean of about 0, around a random color."""
    pixels = np.array(_color(rng, 20, 236), np.float32) + relief * spread
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
