"""Render scenes of printed digits as a camera sees them, with the true boxes and labels.

``render(seed, size)`` needs no fonts: without ``faces`` it uses the one that ships with Pillow. The
same arguments give the same scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from demomodel import backdrop, camera, fonts, typesetting
from demomodel.fonts import BUILT_IN_FACES, Faces
from demomodel.perspective import Warp, homography, project

MAX_ROTATION = 25.0
"""Degrees. Beyond that, 6 and 9 are hard to tell apart."""


@dataclass(frozen=True)
class Scene:
    """A picture and the digits in it.

    ``picture``: mode RGB. ``boxes``: float32 ``[n, 4]``, ymin, xmin, ymax, xmax in 0..1.
    ``labels``: int64 ``[n]``, 0 to 9.
    """

    picture: Image.Image
    boxes: np.ndarray
    labels: np.ndarray


def render(
    seed: int | tuple[int, ...],
    size: tuple[int, int] = (640, 480),
    faces: Faces = BUILT_IN_FACES,
    digits: bool = True,
    letters: bool = True,
) -> Scene:
    """Render the scene of a seed at ``size`` (width, height).

    ``digits``: False for a scene without digits. ``letters``: False for one without letters.
    """
    rng = np.random.default_rng(seed)
    canvas = _Canvas(rng, size, faces)
    canvas.scatter_shapes()
    if digits:
        canvas.place_digits()
    if letters:
        canvas.place_letters(some=not digits)
    return canvas.photograph()


class _Canvas:
    """A scene under construction, and the areas that are occupied."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], faces: Faces) -> None:
        self.rng = rng
        self.size = size
        self.faces = faces
        self.picture = backdrop.surface(rng, size)
        self.occupied: list[tuple[float, float, float, float]] = []
        self.boxes: list[tuple[float, float, float, float]] = []
        self.labels: list[int] = []

    def scatter_shapes(self) -> None:
        """Draw random shapes that are not digits."""
        if self.rng.random() < 0.6:
            backdrop.add_shapes(self.rng, self.picture, int(self.rng.integers(1, 16)))

    def place_digits(self) -> None:
        """Place one to about a dozen digits; the more there are, the smaller they get."""
        wanted = int(self.rng.choice([1, 2, 4, 7, 12], p=[0.14, 0.2, 0.26, 0.24, 0.16]))
        largest = {1: 0.62, 2: 0.5, 4: 0.4, 7: 0.3, 12: 0.24}[wanted]
        face = self.face() if self.rng.random() < 0.4 else None
        for _ in range(3 * wanted):
            if len(self.labels) >= wanted:
                break
            height = float(np.exp(self.rng.uniform(np.log(0.115), np.log(largest))))
            chosen = face or self.face()
            self.place(self.digit_text(wanted, fonts.digits_only(chosen)), height, chosen)

    def place_letters(self, some: bool) -> None:
        """Place words without digits, so that the network learns to ignore them."""
        if not some and self.rng.random() < 0.3:
            return
        for _ in range(int(self.rng.integers(1, 7))):
            count = int(self.rng.integers(1, 8))
            alphabet = (
                typesetting.LETTERS + typesetting.SIGNS
                if self.rng.random() < 0.5
                else typesetting.LETTERS
            )
            text = "".join(self.rng.choice(list(alphabet), count))
            height = float(np.exp(self.rng.uniform(np.log(0.06), np.log(0.4 if some else 0.25))))
            face = self.face()
            if not fonts.digits_only(face):
                self.place(text, height, face)

    def photograph(self) -> Scene:
        """Return the scene as a camera sees it."""
        if self.rng.random() < 0.2:
            backdrop.cover(self.rng, self.picture, self.boxes)
        if self.rng.random() < 0.12:
            self.picture = backdrop.fold(self.rng, self.picture)
        picture = camera.shoot(self.rng, self.picture)
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        return Scene(picture, boxes, np.array(self.labels, np.int64))

    def face(self) -> str:
        """Return a random face; every family is equally likely."""
        family = self.faces[int(self.rng.integers(len(self.faces)))]
        return family[int(self.rng.integers(len(family)))]

    def digit_text(self, wanted: int, alone: bool) -> str:
        """Return one to six digits; unless they are ``alone``, sometimes with a letter or sign."""
        longest = max(1, min(6, wanted - len(self.labels)))
        count = 1 if self.rng.random() < 0.4 else int(self.rng.integers(1, longest + 1))
        text = "".join(str(d) for d in self.rng.integers(0, 10, count))
        kind = 1.0 if alone else self.rng.random()
        if kind < 0.1:
            text = self.rng.choice(list(typesetting.LETTERS)) + text
        elif kind < 0.2 and count > 1:
            cut = int(self.rng.integers(1, count))
            text = text[:cut] + self.rng.choice(list(typesetting.SIGNS)) + text[cut:]
        return text

    def place(self, text: str, height: float, face: str) -> None:
        """Place a line if there is room for it. ``height``: relative to the picture's."""
        tracking = float(self.rng.choice([0.0, self.rng.uniform(-0.03, 0.3)]))
        line = typesetting.set_line(text, face, max(7.0, height * self.size[1]), tracking)
        quad = self.tilted(line.ink.size)
        spot = self.free_spot(quad)
        if spot is None or any(len(outline) == 0 for outline in line.outlines):
            return
        self.stick(line, quad + spot)

    def tilted(self, size: tuple[int, int]) -> np.ndarray:
        """Return the corners of a ``size`` line after rotation and perspective: ``[4, 2]``."""
        width, height = size
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
        angle = 0.0
        if self.rng.random() < 0.75:
            angle = float(np.clip(self.rng.normal(0, 10), -MAX_ROTATION, MAX_ROTATION))
        turn = np.deg2rad(angle)
        corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        corners *= self.rng.uniform(0.85, 1.15, 2)
        if self.rng.random() < 0.5:
            corners += self.rng.uniform(-0.1, 0.1, (4, 2)) * min(size)
        shifted: np.ndarray = corners - corners.min(axis=0)
        return shifted

    def free_spot(self, quad: np.ndarray) -> np.ndarray | None:
        """Return a random position at which ``quad`` overlaps nothing, or None."""
        room = np.array(self.size) - quad.max(axis=0)
        if (room < 0).any():
            return None
        for _ in range(12):
            x, y = self.rng.uniform(0, 1, 2) * room
            box = (x, y, x + quad[:, 0].max(), y + quad[:, 1].max())
            if not any(_overlap(box, other) for other in self.occupied):
                self.occupied.append(box)
                return np.array((x, y))
        return None

    def stick(self, line: typesetting.Line, quad: np.ndarray) -> None:
        """Warp the line into the picture and record the boxes of its digits."""
        matrix = homography(line.ink.size, quad)
        low = np.floor(quad.min(axis=0)).astype(int)
        high = np.ceil(quad.max(axis=0)).astype(int)
        box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        self.ink(line, Warp(matrix, box))
        width, height = self.size
        for outline, label in zip(line.outlines, line.labels, strict=True):
            points = project(matrix, outline)
            (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
            self.boxes.append((y0 / height, x0 / width, y1 / height, x1 / width))
            self.labels.append(label)

    def ink(self, line: typesetting.Line, warp: Warp) -> None:
        """Draw the line, if necessary on a card so that it stands out."""
        here = np.asarray(self.picture.crop(warp.box), np.float32).reshape(-1, 3)
        mean, spread = here.mean(axis=0), float(here.std(axis=0).mean())
        if spread > self.rng.uniform(30, 90) or self.rng.random() < 0.3:
            card = backdrop.paper(self.rng)
            mean, spread = np.array(card, np.float32), 0.0
            self.picture.paste(card, warp.box, warp(Image.new("L", line.ink.size, 255)))
        faint = self.rng.random() < 0.25
        least = self.rng.uniform(12, 30) if faint else self.rng.uniform(30, 60) + 0.6 * spread
        fill = self.contrasting(mean, least)
        mask = warp(line.ink)
        style = self.rng.random()
        if style < 0.08:
            rim = warp(line.ink.filter(ImageFilter.MaxFilter(3)))
            self.picture.paste(backdrop.color(self.rng), warp.box, rim)
        elif style < 0.18:
            shift = max(1, round(line.cap_height * self.rng.uniform(0.03, 0.09)))
            shade = tuple(int(v) for v in mean * self.rng.uniform(0.4, 0.75))
            corner = (warp.box[0] + shift, warp.box[1] + shift)
            self.picture.paste(shade, corner, mask)
        self.picture.paste(fill, warp.box, mask)

    def contrasting(self, ground: np.ndarray, least: float) -> backdrop.Color:
        """Return a color whose lightness differs from ``ground`` by ``least``, if one does."""
        weights = np.array([0.299, 0.587, 0.114])
        level = float(ground @ weights)
        for _ in range(8):
            fill = backdrop.color(self.rng)
            if self.rng.random() < 0.4:
                gray = int(self.rng.choice([self.rng.integers(0, 50), self.rng.integers(210, 256)]))
                fill = (gray, gray, gray)
            if abs(float(np.array(fill) @ weights) - level) >= least:
                return fill
        return (0, 0, 0) if level > 127 else (255, 255, 255)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
