"""Pictures of planks side by side at an angle, for models of rotated boxes.

The upright boxes around such planks overlap by more than half, although the planks do not touch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw

from tests.families.figures import Figure, Scene, ground

NAMES = ("plank", "beam")
COLORS = ((214, 160, 92), (92, 60, 36))
FEWEST, MOST = 2, 4
"""Planks in a picture."""
LENGTH, WIDTH, GAP = 0.62, 0.085, 0.35
"""The longest one by the picture's height, how thick it is, and a gap by that thickness."""
STEEP = math.pi / 6
"""The least angle between a plank and the sides of the picture."""


def scenes(seed: int, count: int, size: tuple[int, int]) -> Iterator[Scene]:
    """Yield scenes, the same for the same seed."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield _scene(random, size)


def _scene(random: np.random.Generator, size: tuple[int, int]) -> Scene:
    picture = ground(random, size)
    angle = random.uniform(STEEP, math.pi / 2 - STEEP) * random.choice([-1, 1])
    count = int(random.integers(FEWEST, MOST + 1))
    width = WIDTH * size[1] * random.uniform(0.85, 1.15)
    pitch = (1 + GAP) * width
    middle = np.array(size) * random.uniform(0.42, 0.58, 2)
    across = np.array([-math.sin(angle), math.cos(angle)])
    figures = []
    for number in range(count):
        center = middle + across * pitch * (number - (count - 1) / 2)
        length = LENGTH * size[1] * random.uniform(0.85, 1)
        corners = rectangle(center, length, width, angle)
        figures.append(_plank(picture, int(random.integers(len(NAMES))), corners))
    return Scene(picture, tuple(figures))


def rectangle(center: Sequence[float], length: float, width: float, angle: float) -> np.ndarray:
    """Return the corners, x and y; an angle of 0 is to the right, a quarter turn down."""
    along = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    across = np.array([-math.sin(angle), math.cos(angle)]) * width / 2
    ends = (-along - across, along - across, along + across, across - along)
    return np.array([center + end for end in ends])


def _plank(picture: Image.Image, kind: int, corners: np.ndarray) -> Figure:
    mask = Image.new("1", picture.size)
    outline = [tuple(point) for point in corners]
    ImageDraw.Draw(picture).polygon(outline, fill=COLORS[kind])
    ImageDraw.Draw(mask).polygon(outline, fill=1)
    return Figure(kind, np.asarray(mask), corners=corners)
