"""Typeset a line of characters, with the outline of each digit in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from demomodel import fonts

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZabcdefhjkmnprstuvwxyz"
"""Letters for clutter, without those that many faces draw like 0, 1, 6 or 9."""

SIGNS = "+-:.,%#&?!*/=()<>@$€"


@dataclass(frozen=True)
class Line:
    """A line of characters in one face.

    ``ink``: mode L, the coverage of the characters.
    ``outlines``: for each digit, points on its outline: float32 ``[points, 2]``, x and y in
    pixels of ``ink``.
    ``labels``: for each digit, 0 to 9.
    ``cap_height``: the height of a digit in pixels.
    """

    ink: Image.Image
    outlines: tuple[np.ndarray, ...]
    labels: tuple[int, ...]
    cap_height: float


def set_line(text: str, face: str, height: float, tracking: float = 0.0) -> Line:
    """Typeset ``text`` with digits about ``height`` pixels high.

    ``tracking``: extra space between characters, relative to ``height``.
    """
    font = fonts.load(face, _size_for(face, height))
    margin = max(2, round(height * 0.2))
    steps = [font.getlength(character) + tracking * height for character in text]
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    width = int(sum(steps) + abs(left) + max(0, right - font.getlength(text)) + 2 * margin)
    origin = margin - min(0, left), margin - top
    ink = Image.new("L", (max(4, width), int(bottom - top + 2 * margin)), 0)
    outlines, labels = [], []
    x = origin[0]
    for character, step in zip(text, steps, strict=True):
        glyph = Image.new("L", ink.size, 0)
        ImageDraw.Draw(glyph).text((x, origin[1]), character, fill=255, font=font, anchor="ls")
        ink = ImageChops.lighter(ink, glyph)
        if character.isdigit():
            outlines.append(outline(glyph))
            labels.append(int(character))
        x += step
    return Line(ink, tuple(outlines), tuple(labels), height)


def outline(glyph: Image.Image) -> np.ndarray:
    """Return the leftmost and rightmost ink of each row: float32 ``[points, 2]``, x and y."""
    inked = np.asarray(glyph) > 100
    rows = np.flatnonzero(inked.any(axis=1))
    if rows.size == 0:
        return np.zeros((0, 2), np.float32)
    lines = inked[rows]
    first = lines.argmax(axis=1)
    last = lines.shape[1] - lines[:, ::-1].argmax(axis=1)
    corners = [(first, rows), (last, rows), (first, rows + 1), (last, rows + 1)]
    return np.concatenate([np.stack(c, axis=1) for c in corners]).astype(np.float32)


def _size_for(face: str, height: float) -> int:
    _, top, _, bottom = fonts.load(face, 100).getbbox("8", anchor="ls")
    return max(6, round(height * 100 / (bottom - top)))
