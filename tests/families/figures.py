"""Pictures of people, balls and crates, drawn so that everything in them is known.

Models are trained on them, and the page is shown a film of them: boxes, masks and skeletons are
then seen to fit. A person has the 17 keypoints of COCO.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

NAMES = ("person", "ball", "crate")
LEAST, MOST = 2, 4
"""Figures in a picture; one that would cover another is left out."""
LIMB = 0.065
"""How thick limbs are, as a part of a person's height."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Figure:
    """``kind``: an index into ``NAMES``. ``mask``: its pixels, bool ``[H, W]``.

    ``keypoints``: of a person, x and y in pixels, float ``[17, 2]``. ``corners``: of a plank, x and
    y in pixels, around it, float ``[4, 2]``.
    """

    kind: int
    mask: np.ndarray
    keypoints: np.ndarray | None = None
    corners: np.ndarray | None = None

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@dataclass(frozen=True)
class Scene:
    """A picture with its figures, none of which covers another."""

    picture: Image.Image
    figures: tuple[Figure, ...]


def scenes(seed: int, count: int, size: tuple[int, int]) -> Iterator[Scene]:
    """Yield scenes, the same for the same seed."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield _scene(random, size)


def _scene(random: np.random.Generator, size: tuple[int, int], kind: int | None = None) -> Scene:
    picture = ground(random, size)
    figures: list[Figure] = []
    for _ in range(int(random.integers(LEAST, MOST + 1)) if kind is None else 1):
        chosen = int(random.integers(len(NAMES))) if kind is None else kind
        before = picture.copy()
        figure = _draw(random, picture, chosen)
        if figure.mask.any() and not any((figure.mask & one.mask).any() for one in figures):
            figures.append(figure)
        else:
            picture = before
    return Scene(picture, tuple(figures))


def singles(seed: int, count: int, size: tuple[int, int]) -> Iterator[Scene]:
    """Yield scenes with one figure each, of every kind in turn, for classifiers."""
    random = np.random.default_rng(seed)
    for number in range(count):
        yield _scene(random, size, number % len(NAMES))


def ground(random: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Return soft spots of muted colors."""
    spots = random.integers(80, 150, (6, 8, 1)) + random.integers(-12, 12, (6, 8, 3))
    spots = spots.astype(np.uint8)
    return Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)


def _draw(random: np.random.Generator, picture: Image.Image, kind: int) -> Figure:
    mask = Image.new("1", picture.size)
    pens = (ImageDraw.Draw(picture), ImageDraw.Draw(mask))
    color = tuple(int(value) for value in random.permutation([235, int(random.integers(256)), 30]))
    keypoints = None
    if kind == 0:
        keypoints = _person(random, pens, picture.size, color)
    elif kind == 1:
        _ball(random, pens, picture.size, color)
    else:
        _crate(random, pens, picture.size, color)
    return Figure(kind, np.asarray(mask), keypoints)


def _place(
    random: np.random.Generator, size: tuple[int, int], width: float, height: float
) -> Point:
    """Return a center for something of this size that is inside the picture."""
    x = random.uniform(width / 2, max(width / 2, size[0] - width / 2))
    return x, random.uniform(height / 2, max(height / 2, size[1] - height / 2))


def _ball(random: np.random.Generator, pens: Any, size: tuple[int, int], color: Any) -> None:
    radius = random.uniform(0.09, 0.2) * size[1]
    x, y = _place(random, size, 2 * radius, 2 * radius)
    for pen, fill in zip(pens, (color, 1), strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    shade, line = tuple(value // 2 for value in color), round(radius / 12) + 1
    seam = (x - radius / 2, y - radius, x + radius / 2, y + radius)
    pens[0].ellipse(seam, outline=shade, width=line)


def _crate(random: np.random.Generator, pens: Any, size: tuple[int, int], color: Any) -> None:
    width, height = random.uniform(0.18, 0.4, 2) * size[1]
    x, y = _place(random, size, width, height)
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    for pen, fill in zip(pens, (color, 1), strict=True):
        pen.rectangle(corners, fill=fill)
    shade, line = tuple(value // 2 for value in color), round(height / 20) + 1
    pens[0].rectangle(corners, outline=shade, width=line)
    pens[0].line((*corners[:2], *corners[2:]), fill=shade, width=line)


def _person(
    random: np.random.Generator, pens: Any, size: tuple[int, int], color: Any
) -> np.ndarray:
    """Draw a person from the front. Return the keypoints."""
    height = random.uniform(0.55, 0.85) * size[1]
    x, y = _place(random, size, 0.8 * height, height)
    body = _Body(random, (x, y), height)
    skin = (240, 200, 160)
    for pen, fills in zip(pens, ((color, skin), (1, 1)), strict=True):
        for limb in body.limbs:
            _thick(pen, limb, LIMB * height, fills[0])
        pen.polygon([body.at[name] for name in _TORSO], fill=fills[0])
        _disc(pen, body.at["nose"], 0.085 * height, fills[1])
    for name in ("left_eye", "right_eye"):
        _disc(pens[0], body.at[name], 0.012 * height, (30, 30, 30))
    return np.array([body.at[name] for name in KEYPOINTS])


KEYPOINTS = (
    "nose",
    *(f"{side}_{part}" for part in ("eye", "ear") for side in ("left", "right")),
    *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist") for side in ("left", "right")),
    *(f"{side}_{part}" for part in ("hip", "knee", "ankle") for side in ("left", "right")),
)
_TORSO = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")


class _Body:
    """Where the parts of a person are, in pixels. Her left is to the right in the picture."""

    def __init__(self, random: np.random.Generator, center: Point, height: float) -> None:
        tilt = random.uniform(-0.15, 0.15)
        hips = center[0], center[1] + 0.05 * height
        neck = _from(hips, math.pi + tilt, 0.3 * height)
        nose = _from(neck, math.pi + tilt, 0.11 * height)
        self.at: dict[str, Point] = {"nose": nose}
        self.limbs: list[tuple[Point, Point]] = [(neck, nose)]
        for side, sign in (("left", 1), ("right", -1)):
            across = math.pi / 2 * sign
            shoulder, hip = (0.1 * height, across), (0.07 * height, across)
            self.at[f"{side}_eye"] = _from(nose, across * 1.45, 0.035 * height)
            self.at[f"{side}_ear"] = _from(nose, across * 1.1, 0.08 * height)
            arm = random.uniform(0.1, 2.4) * sign
            lengths = 0.15 * height, 0.14 * height
            self._limb(side, ("shoulder", "elbow", "wrist"), neck, shoulder, arm, lengths)
            leg = random.uniform(0.05, 0.5) * sign
            lengths = 0.2 * height, 0.2 * height
            self._limb(side, ("hip", "knee", "ankle"), hips, hip, leg, lengths)

    def _limb(
        self,
        side: str,
        names: tuple[str, str, str],
        base: Point,
        step: tuple[float, float],
        angle: float,
        lengths: tuple[float, float],
    ) -> None:
        start = _from(base, step[1], step[0])
        middle = _from(start, angle, lengths[0])
        end = _from(middle, 0.6 * angle, lengths[1])
        for name, point in zip(names, (start, middle, end), strict=True):
            self.at[f"{side}_{name}"] = point
        self.limbs += [(start, middle), (middle, end)]


def _from(start: Point, angle: float, length: float) -> Point:
    """Go from a point; an angle of 0 is down, of a quarter turn to the right."""
    return start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)


def _thick(pen: Any, line: tuple[Point, Point], width: float, fill: Any) -> None:
    pen.line([*line[0], *line[1]], fill=fill, width=round(width))
    for end in line:
        _disc(pen, end, width / 2, fill)


def _disc(pen: Any, center: Point, radius: float, fill: Any) -> None:
    x, y = center
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
