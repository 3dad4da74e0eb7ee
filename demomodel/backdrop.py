"""What surrounds the digits: surfaces, and shapes that are not digits."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from demomodel.textures import TEXTURES

Color = tuple[int, int, int]
Box = tuple[float, float, float, float]
"""ymin, xmin, ymax, xmax in 0..1."""


def surface(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Return a background of ``size`` (width, height).

    It is plain, shaded, mottled, striped, made of patches or textured.
    """
    kind = rng.choice(["plain", "shaded", "mottled", "striped", "patches", "textured"], p=_SHARES)
    if kind == "textured":
        return TEXTURES[int(rng.integers(len(TEXTURES)))](rng, size)
    if kind == "plain":
        return Image.new("RGB", size, paper(rng))
    if kind == "shaded":
        return _enlarged(rng, size, cells=2, spread=int(rng.integers(20, 120)))
    if kind == "mottled":
        return _enlarged(rng, size, cells=int(rng.integers(3, 40)), spread=int(rng.integers(5, 60)))
    if kind == "striped":
        return _striped(rng, size)
    return _enlarged(rng, size, cells=int(rng.integers(2, 6)), spread=110, method=0)


_SHARES = [0.2, 0.14, 0.15, 0.06, 0.08, 0.37]


def paper(rng: np.random.Generator) -> Color:
    """Return the color of a surface: often white, often dark, otherwise random."""
    kind = rng.random()
    if kind < 0.3:
        return _gray(rng, 205, 256)
    if kind < 0.5:
        return _gray(rng, 0, 60)
    return color(rng)


def color(rng: np.random.Generator) -> Color:
    """Return a random color."""
    red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
    return red, green, blue


def add_shapes(rng: np.random.Generator, picture: Image.Image, count: int) -> None:
    """Draw ``count`` lines, bars, boxes, discs, arcs and polygons into ``picture``."""
    draw = ImageDraw.Draw(picture)
    for _ in range(count):
        _SHAPES[int(rng.integers(len(_SHAPES)))](rng, draw, picture.size)


def cover(rng: np.random.Generator, picture: Image.Image, boxes: list[Box]) -> None:
    """Draw thin lines across some of ``boxes``, like cables, cracks and scratches."""
    draw = ImageDraw.Draw(picture)
    for y0, x0, y1, x1 in np.reshape(boxes, (-1, 4)) * np.tile(picture.size[::-1], 2):
        if rng.random() < 0.3:
            ends = [float(v) for v in rng.uniform((x0, y0, x0, y0), (x1, y1, x1, y1))]
            width = max(1, round((y1 - y0) * rng.uniform(0.02, 0.12)))
            draw.line(ends, fill=color(rng), width=width)


def fold(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Return ``picture`` with one to three creases: light on one side, shadow on the other."""
    width, height = picture.size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = np.ones((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, reach = rng.uniform(0, np.pi), rng.uniform(4, 60)
        middle = rng.uniform(0, 1, 2) * picture.size
        away = (x - middle[0]) * np.cos(angle) + (y - middle[1]) * np.sin(angle)
        light += rng.uniform(0.1, 0.35) * np.sign(away) * np.exp(-np.abs(away) / reach)
    pixels = np.asarray(picture, np.float32) * light[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _gray(rng: np.random.Generator, low: int, high: int) -> Color:
    level = int(rng.integers(low, high))
    red, green, blue = (int(np.clip(level + d, 0, 255)) for d in rng.integers(-12, 13, 3))
    return red, green, blue


def _enlarged(
    rng: np.random.Generator, size: tuple[int, int], cells: int, spread: int, method: int = 2
) -> Image.Image:
    shape = (max(2, round(cells * size[1] / size[0])), max(2, cells), 3)
    tinted = rng.random() < 0.5
    shift = rng.integers(-spread, spread + 1, shape if tinted else (*shape[:2], 1))
    small = np.clip(np.array(paper(rng)) + shift, 0, 255).astype(np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling(method))


def _striped(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    first, second = np.array(paper(rng)), np.array(color(rng))
    period = float(rng.uniform(4, size[0] / 3))
    angle = float(rng.uniform(0, np.pi))
    y, x = np.mgrid[: size[1], : size[0]]
    phase = (x * np.cos(angle) + y * np.sin(angle)) / period
    blend = (np.sin(phase * 2 * np.pi) > 0)[..., None] * rng.uniform(0.1, 0.7)
    return Image.fromarray((first * (1 - blend) + second * blend).astype(np.uint8))


def _span(rng: np.random.Generator, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return a random box, at least as wide as high: x0, y0, x1, y1."""
    width = float(rng.uniform(0.05, 0.5)) * size[0]
    height = min(width * float(rng.uniform(0.15, 1.0)), size[1] * 0.6)
    x = float(rng.uniform(-0.1, 1)) * size[0]
    y = float(rng.uniform(-0.1, 1)) * size[1]
    return x, y, x + width, y + height


def _line(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    ends = [float(v) for v in rng.uniform(0, 1, 4) * np.array([*size, *size])]
    draw.line(ends, fill=color(rng), width=int(rng.integers(1, 7)))


def _bar(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    x0, y0, x1, y1 = _span(rng, size)
    draw.rectangle((x0, y0, x1, y1), fill=color(rng))


def _box(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    radius = float(rng.uniform(0, 12))
    width = int(rng.integers(1, 5))
    span, outline = _span(rng, size), color(rng)
    try:
        draw.rounded_rectangle(span, radius, outline=outline, width=width)
    except ValueError:  # Pillow fails on some boxes that are nearly circles
        draw.ellipse(span, outline=outline, width=width)


def _disc(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    draw.ellipse(_span(rng, size), fill=color(rng))


def _arc(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    start = float(rng.uniform(0, 360))
    end = start + float(rng.uniform(40, 200))
    draw.arc(_span(rng, size), start, end, fill=color(rng), width=int(rng.integers(1, 7)))


def _polygon(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    x0, y0, x1, y1 = _span(rng, size)
    count = int(rng.integers(3, 7))
    points = rng.uniform([x0, y0], [x1, y1], (count, 2))
    fill = color(rng) if rng.random() < 0.5 else None
    draw.polygon([(float(x), float(y)) for x, y in points], fill=fill, outline=color(rng))


def _hoop(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Draw a ring larger and thinner than a 0."""
    radius = rng.uniform(0.25, 0.8, 2) * min(size)
    x, y = rng.uniform(-0.1, 1.1, 2) * size
    span = (x - radius[0], y - radius[1], x + radius[0], y + radius[1])
    draw.ellipse(span, outline=color(rng), width=int(rng.integers(1, 9)))


def _ring(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Draw a ring that is no 0, because it is wider than high."""
    draw.ellipse(_span(rng, size), outline=color(rng), width=int(rng.integers(2, 10)))


_SHAPES = (_line, _line, _bar, _bar, _box, _disc, _arc, _polygon, _hoop, _ring)
