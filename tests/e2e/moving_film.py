"""A film for the camera whose truth is known: digits that swing, and each frame's number.

The number is in the picture itself, as a strip of dark and light cells along the upper edge, so
whoever sees a picture of it knows where the digits in it are.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from demomodel.fonts import BUILT_IN
from demomodel.typesetting import Line, set_line

SIZE = (640, 480)
FRAMES = 360
FRAME_MS = 1000 / 30
"""The rate at which Chromium plays such a film as a camera."""

CELLS = 9
STRIP_PX = 16
_CELL_GRAYS = (40, 215)

_GROUND = (228, 233, 229)
_INK = (24, 34, 44)
_CLUTTER = (
    ((30, 60, 190, 220), (212, 221, 214)),
    ((430, 250, 620, 440), (217, 214, 224)),
    ((250, 150, 330, 230), (222, 217, 208)),
    ((90, 330, 150, 390), (208, 218, 222)),
)

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in 0..1."""


@dataclass(frozen=True)
class Swing:
    """How a digit moves, in 0..1 of the frame: by ``reach`` around ``centre``.

    ``height`` is the digit's. ``turns`` are whole numbers per film, so that the film can be
    repeated without a jump.
    """

    digit: int
    height: float
    centre: tuple[float, float]
    reach: tuple[float, float]
    turns: tuple[int, int]

    def at(self, frame: int) -> tuple[float, float]:
        """Return the centre of the digit in a frame."""
        x, y = (
            centre + reach * math.sin(2 * math.pi * turns * frame / FRAMES + axis)
            for axis, (centre, reach, turns) in enumerate(
                zip(self.centre, self.reach, self.turns, strict=True)
            )
        )
        return x, y


SWINGS = (
    Swing(3, 0.36, (0.42, 0.30), (0.25, 0.05), (2, 3)),
    Swing(7, 0.36, (0.58, 0.74), (0.25, 0.04), (-2, 1)),
)
"""Their speed reaches 0.26 of the frame's width per second."""


def truth(frame: int) -> list[Box]:
    """Return the box of each digit of ``SWINGS`` in a frame of the film."""
    width, height = SIZE
    boxes = []
    for swing in SWINGS:
        left, top = _corner(swing, frame)
        x0, y0, x1, y1 = _extent(_line(swing))
        edges = ((left + x0) / width, (top + y0) / height, (left + x1) / width, (top + y1) / height)
        boxes.append(edges)
    return boxes


def picture(frame: int) -> Image.Image:
    """Draw a frame of the film."""
    drawn = _ground().copy()
    for swing in SWINGS:
        drawn.paste(_INK, _corner(swing, frame), _line(swing).ink)
    pen = ImageDraw.Draw(drawn)
    for cell in range(CELLS):
        gray = _CELL_GRAYS[frame >> (CELLS - 1 - cell) & 1]
        edges = [round(SIZE[0] * side / CELLS) for side in (cell, cell + 1)]
        pen.rectangle((edges[0], 0, edges[1] - 1, STRIP_PX - 1), fill=(gray,) * 3)
    return drawn


def write(path: Path) -> Path:
    """Write the film as an mjpeg file: JPEGs, one after another."""
    with path.open("wb") as film:
        for frame in range(FRAMES):
            encoded = io.BytesIO()
            picture(frame).save(encoded, "JPEG", quality=85)
            film.write(encoded.getvalue())
    return path


@cache
def _ground() -> Image.Image:
    ground = Image.new("RGB", SIZE, _GROUND)
    pen = ImageDraw.Draw(ground)
    for box, color in _CLUTTER:
        pen.ellipse(box, fill=color)
    return ground


@cache
def _line(swing: Swing) -> Line:
    return set_line(str(swing.digit), BUILT_IN, swing.height * SIZE[1])


def _extent(line: Line) -> tuple[float, float, float, float]:
    """Return the box of a line's only digit, in pixels of its ink."""
    (x0, y0), (x1, y1) = line.outlines[0].min(axis=0), line.outlines[0].max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _corner(swing: Swing, frame: int) -> tuple[int, int]:
    """Return where the ink's upper left corner is, in whole pixels."""
    x0, y0, x1, y1 = _extent(_line(swing))
    x, y = swing.at(frame)
    return round(x * SIZE[0] - (x0 + x1) / 2), round(y * SIZE[1] - (y0 + y1) / 2)
