"""A second renderer of digits that shares no code, fonts or method with the training scenes.

It draws outlines as polygons on planes in space, looks at them through a pinhole camera, and lights
them; the background is 1/f noise. Scoring the demo model on both renderers exposes a model that
merely learned the first one:

    python tests/demomodel/second_renderer.py scenes.npz --count 500
    python -m export evaluate --scenes scenes.npz
"""

from __future__ import annotations

import argparse
import io
import itertools
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = 192
MAX_DIGITS = 20
PACKAGES = (
    "fonts-adf-baskervald fonts-adf-gillius fonts-adf-verana fonts-beteckna fonts-compagnon "
    "fonts-crosextra-carlito fonts-dustin fonts-georgewilliams fonts-gnutypewriter "
    "fonts-kaushanscript fonts-karmilla fonts-lobstertwo fonts-millimetre fonts-mplus "
    "fonts-opendyslexic fonts-prociono fonts-rocknroll fonts-yusei-magic"
)
"""The Debian packages of the faces below; those that are missing are left out."""

FACES = (
    "BaskervaldADFStd.otf BaskervaldADFStd-Bold.otf GilliusADF-Regular.otf GilliusADF-BoldCond.otf "
    "Verana-Regular.otf Verana-Bold.otf BetecknaGS.ttf Compagnon-Roman.otf Compagnon-Bold.otf "
    "Carlito-Regular.ttf Carlito-BoldItalic.ttf Dustismo_Roman.ttf Dustismo.ttf CaslonRoman.ttf "
    "Caliban.ttf GNUTypewriter.ttf KaushanScript-Regular.otf Karmilla-Bold.ttf "
    "LobsterTwo-Regular.otf millimetreA_01.otf Mplus1-Regular.otf Mplus1-Black.otf "
    "OpenDyslexic-Regular.otf Prociono.otf RocknRollOne-Regular.ttf YuseiMagic-Regular.ttf"
)
WORDS = (
    "AHEAD", "Tram", "Next", "Tea", "Warm", "MENU", "ARRET",
    "Kurve", "NACHT", "Tanne", "PARKEN", "Metre", "RUHE", "Wand",
)  # fmt: skip
"""Without letters that a face may draw as a digit, such as I, O, S and g."""

Polygons = list[np.ndarray]  # each [points, 2], x to the right and y down, one unit high


@lru_cache(maxsize=1)
def faces() -> tuple[str, ...]:
    """The files of the faces that this machine has."""
    wanted = {name.replace("_01", " 01") for name in FACES.split()}
    folder = Path("/usr/share/fonts")
    return tuple(sorted(str(path) for path in folder.rglob("*") if path.name in wanted))


@lru_cache(maxsize=4096)
def printed(character: str, face: str) -> tuple[tuple[np.ndarray, ...], float]:
    """A character's outlines and how far the next one is, by its face's own metrics."""
    path = TextPath((0, 0), character, size=100, prop=FontProperties(fname=face))
    eight = TextPath((0, 0), "8", size=100, prop=FontProperties(fname=face)).get_extents()
    scale = 1 / max(1.0, eight.height)
    lines = [line * (scale, -scale) for line in path.to_polygons() if len(line) > 2]
    return tuple(lines), (path.get_extents().x1 if lines else 40) * scale + 0.12


def seven_segments(digit: int, thickness: float, lean: float) -> Polygons:
    """A digit of seven bars with bevelled ends."""
    t, shrink = thickness, 0.97
    flat = [(0, t / 2), (t / 2, 0), (0.55 - t / 2, 0), (0.55, t / 2), (0.55 - t / 2, t), (t / 2, t)]
    bar = np.array(flat)
    upright = bar[:, ::-1] * (1, 0.5 / 0.55)
    offsets = {
        "a": (bar, 0, 0),
        "g": (bar, 0, 0.5 - t / 2),
        "d": (bar, 0, 1 - t),
        "f": (upright, 0, 0),
        "b": (upright, 0.55 - t, 0),
        "e": (upright, 0, 0.5),
        "c": (upright, 0.55 - t, 0.5),
    }
    places = {name: shape + np.array([x, y]) for name, (shape, x, y) in offsets.items()}
    lit = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"]
    return [
        _leaning((places[name] - places[name].mean(0)) * shrink + places[name].mean(0), lean)
        for name in lit[digit]
    ]


def _leaning(points: np.ndarray, lean: float) -> np.ndarray:
    return np.column_stack([points[:, 0] + (1 - points[:, 1]) * lean, points[:, 1]])


def penned(rng: np.random.Generator, digit: int, pen: float, lean: float) -> Polygons:
    """A digit drawn by hand from arcs and straight lines, as a chain of thick pieces."""

    def arc(x: float, y: float, w: float, h: float, start: float, end: float) -> np.ndarray:
        t = np.radians(np.linspace(start, end, 24))
        return np.column_stack([x + w * np.cos(t), y + h * np.sin(t)])

    def line(*points: tuple[float, float]) -> np.ndarray:
        corners = np.array(points)
        t = np.linspace(0, len(corners) - 1, 12 * (len(corners) - 1) + 1)
        return np.column_stack([np.interp(t, range(len(corners)), corners[:, i]) for i in (0, 1)])

    strokes = {
        0: [arc(0.3, 0.5, 0.27, 0.5, -80, 285)],
        1: [line((0.12, 0.22), (0.32, 0.0), (0.32, 1.0))],
        2: [arc(0.3, 0.27, 0.25, 0.27, -170, 40), line((0.49, 0.44), (0.04, 1.0), (0.6, 1.0))],
        3: [arc(0.26, 0.24, 0.24, 0.24, -150, 90), arc(0.26, 0.73, 0.29, 0.27, -90, 150)],
        4: [line((0.36, 0.0), (0.02, 0.64), (0.62, 0.64)), line((0.46, 0.34), (0.46, 1.0))],
        5: [line((0.52, 0.0), (0.1, 0.0), (0.08, 0.42)), arc(0.26, 0.68, 0.3, 0.32, -125, 145)],
        6: [arc(0.62, 0.62, 0.58, 0.62, -105, -180), arc(0.31, 0.7, 0.27, 0.3, -180, 180)],
        7: [line((0.02, 0.0), (0.58, 0.0), (0.22, 1.0))],
        8: [arc(0.3, 0.24, 0.22, 0.24, 90, 450), arc(0.3, 0.74, 0.28, 0.26, -90, 270)],
        9: [arc(0.3, 0.28, 0.26, 0.28, 0, 360), line((0.56, 0.28), (0.54, 0.6), (0.42, 1.0))],
    }[digit]
    pieces: Polygons = []
    bend = rng.normal(0, 0.03, 4)
    for stroke in strokes:
        x, y = stroke.T
        stroke = np.column_stack(
            [x + bend[0] * np.sin(3 * y + bend[1] * 9), y + bend[2] * np.sin(4 * x + bend[3] * 9)]
        )
        stroke = _leaning(stroke, lean)
        for (x0, y0), (x1, y1) in itertools.pairwise(stroke):
            along = np.array([x1 - x0, y1 - y0])
            length = max(1e-6, float(np.hypot(*along)))
            across = np.array([-along[1], along[0]]) / length * pen / 2
            more = along / length * pen / 3
            start, end = np.array([x0, y0]) - more, np.array([x1, y1]) + more
            pieces.append(np.array([start + across, end + across, end - across, start - across]))
    return pieces


def noise(rng: np.random.Generator, steepness: float) -> np.ndarray:
    """A coloured 1/f surface: float [2 * SIZE, 2 * SIZE, 3] in 0..1."""
    side = 2 * SIZE
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None]) + 1 / side
    planes = []
    shared = rng.standard_normal((side, side))
    for _ in range(3):
        own = 0.8 * shared + 0.2 * rng.standard_normal((side, side))
        plane = np.fft.ifft2(np.fft.fft2(own) / frequency**steepness).real
        planes.append((plane - plane.mean()) / (plane.std() + 1e-9))
    spread, level = rng.uniform(0.02, 0.2), rng.uniform(0.15, 0.85, 3)
    return np.clip(np.stack(planes, -1) * spread + level, 0, 1)


class View:
    """A picture in the making: planes are laid in front of a background."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.picture = Image.fromarray((noise(rng, rng.uniform(0.8, 1.9)) * 255).astype(np.uint8))
        self.boxes: list[tuple[float, float, float, float]] = []
        self.labels: list[int] = []
        self.taken = np.zeros((2 * SIZE, 2 * SIZE), bool)
        self._furnish()

    def _furnish(self) -> None:
        draw = ImageDraw.Draw(self.picture)
        for _ in range(int(self.rng.integers(0, 7))):
            corner = self.rng.uniform(-0.2, 1.0, 2) * 2 * SIZE
            across = self.rng.uniform(0.05, 0.9, 2) * 2 * SIZE
            fill = tuple(int(v) for v in self.rng.integers(0, 256, 3))
            if self.rng.random() < 0.6:
                draw.rectangle((*corner, *(corner + across)), fill=fill)
            else:
                draw.ellipse((*corner, *(corner + across)), outline=fill, width=9)

    def plane(self, width: float, height: float) -> np.ndarray | None:
        """Four corners of a plane in space in the picture: [4, 2] in pixels, or None."""
        roll, pitch, yaw = np.radians(self.rng.normal(0, (8, 16, 20)).clip(-24, 24))
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
        corners = np.column_stack([corners - (width / 2, height / 2), np.zeros(4)])
        c, s = math.cos, math.sin
        turns = (
            [[c(roll), -s(roll), 0], [s(roll), c(roll), 0], [0, 0, 1]],
            [[1, 0, 0], [0, c(pitch), -s(pitch)], [0, s(pitch), c(pitch)]],
            [[c(yaw), 0, s(yaw)], [0, 1, 0], [-s(yaw), 0, c(yaw)]],
        )
        for turn in turns:
            corners = corners @ np.array(turn).T
        away = 2.2 * 2 * SIZE
        seen = corners[:, :2] * (away / (away + corners[:, 2:]))
        seen -= seen.min(0)
        room = 2 * SIZE - seen.max(0)
        if (room < 2).any():
            return None
        for _ in range(20):
            spot = self.rng.uniform(0, 1, 2) * room
            x0, y0 = spot.astype(int)
            x1, y1 = (spot + seen.max(0)).astype(int) + 1
            if not self.taken[y0:y1, x0:x1].any():
                self.taken[y0:y1, x0:x1] = True
                return seen + spot
        return None

    def lay(self, text: str, height: float) -> None:
        """A card, sign or display with ``text`` whose characters are ``height`` pixels high."""
        glyphs = self._glyphs(text)
        low = np.min([piece.min(0) for _, pieces in glyphs for piece in pieces], 0)
        high = np.max([piece.max(0) for _, pieces in glyphs for piece in pieces], 0)
        margin = self.rng.uniform(0.12, 0.5)
        extent = (high - low + 2 * margin) * height
        quad = self.plane(*extent)
        if quad is None:
            return
        matrix = _matrix(extent, quad)
        ground, ink = self._colours()
        mask = Image.new("L", self.picture.size, 0)
        ImageDraw.Draw(mask).polygon([tuple(point) for point in quad], fill=255)
        shade = self.rng.uniform(0.75, 1.05)
        if self.rng.random() < 0.8:
            self.picture.paste(tuple(int(v * shade) for v in ground), (0, 0), mask)
        mask = Image.new("L", self.picture.size, 0)
        for character, pieces in glyphs:
            placed = [_seen(matrix, (piece - low + margin) * height) for piece in pieces]
            mask = ImageChops.lighter(mask, _filled(placed, self.picture.size))
            if character.isdigit():
                points = np.concatenate(placed) / (2 * SIZE)
                (x0, y0), (x1, y1) = points.min(0), points.max(0)
                self.boxes.append((y0, x0, y1, x1))
                self.labels.append(int(character))
        self.picture.paste(tuple(int(v * shade) for v in ink), (0, 0), mask)

    def _glyphs(self, text: str) -> list[tuple[str, Polygons]]:
        rng = self.rng
        kind = rng.choice(["printed", "segments", "penned"], p=(0.7, 0.14, 0.16))
        if not faces() and kind == "printed":
            kind = "penned"
        if not text.isdigit() and kind != "printed":
            kind = "printed" if faces() else kind
        face = faces()[int(rng.integers(len(faces())))] if faces() else ""
        thick, lean, pen = rng.uniform(0.08, 0.16), rng.uniform(0, 0.12), rng.uniform(0.06, 0.15)
        glyphs, x = [], 0.0
        for character in text:
            if kind == "printed":
                lines, step = printed(character, face)
                pieces = list(lines)
            elif kind == "segments" and character.isdigit():
                pieces, step = seven_segments(int(character), thick, lean), 0.75 + lean
            elif character.isdigit():
                pieces, step = penned(rng, int(character), pen, lean - 0.03), 0.85
            else:
                continue
            if pieces:
                glyphs.append((character, [piece + np.array([x, 0]) for piece in pieces]))
            x += step
        return glyphs

    def _colours(self) -> tuple[np.ndarray, np.ndarray]:
        while True:
            ground, ink = self.rng.integers(0, 256, (2, 3)).astype(float)
            if self.rng.random() < 0.5:
                ground, ink = np.full(3, self.rng.uniform(190, 255)), ink * 0.4
            if abs(float((ground - ink) @ (0.3, 0.59, 0.11))) > 60:
                return ground, ink

    def taken_by_camera(self) -> Image.Image:
        """What comes out of the camera: light, blur, noise and JPEG, at SIZE x SIZE."""
        rng = self.rng
        pixels = np.asarray(self.picture, np.float32) / 255
        y, x = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]
        gleam = np.exp(-(((x - rng.uniform(-1, 1)) ** 2 + (y - rng.uniform(-1, 1)) ** 2) / 0.4))
        light = 1 - 0.35 * rng.random() * (x**2 + y**2) + 0.35 * rng.random() * gleam
        pixels = pixels * light[..., None] * rng.uniform(0.85, 1.12, 3)
        pixels = np.clip(pixels, 0, None) ** rng.uniform(0.7, 1.5) * rng.uniform(0.45, 1.1)
        pixels += rng.standard_normal(pixels.shape) * rng.uniform(0.0, 0.05)
        picture = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
        if rng.random() < 0.6:
            picture = picture.filter(ImageFilter.BoxBlur(float(rng.uniform(0.3, 2.2))))
        picture = picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(40, 95)))
        return Image.open(buffer).convert("RGB")


def _matrix(extent: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The projective map from a rectangle of ``extent`` to ``quad``, by the null space."""
    width, height = extent
    rows = []
    for (x, y), (u, v) in zip(
        ((0, 0), (width, 0), (width, height), (0, height)), quad, strict=True
    ):
        rows.append([-x, -y, -1, 0, 0, 0, u * x, u * y, u])
        rows.append([0, 0, 0, -x, -y, -1, v * x, v * y, v])
    return np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)


def _seen(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    lifted = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return lifted[:, :2] / lifted[:, 2:]


def _filled(polygons: Polygons, size: tuple[int, int]) -> Image.Image:
    """Polygons filled by the rule of odd and even, twice as fine and then reduced."""
    fine = Image.new("1", (size[0] * 2, size[1] * 2), 0)
    overlapping = len(polygons) > 4  # pen strokes and segments add up; outlines cut holes
    for polygon in polygons:
        piece = Image.new("1", fine.size, 0)
        ImageDraw.Draw(piece).polygon([tuple(point) for point in polygon * 2], fill=1)
        combine = ImageChops.logical_or if overlapping else ImageChops.logical_xor
        fine = combine(fine, piece)
    return fine.convert("L").reduce(2)


def render(seed: int, digits: bool = True) -> tuple[Image.Image, np.ndarray, np.ndarray]:
    """A picture (RGB, SIZE x SIZE), boxes float32 [n, 4] as y0, x0, y1, x1, and labels [n]."""
    rng = np.random.default_rng([77, seed, digits])
    view = View(rng)
    if digits:
        count = int(rng.integers(1, 5))
        for _ in range(count):
            text = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(1, 5))))
            view.lay(text, float(rng.uniform(0.13, 0.75 / count + 0.12)) * 2 * SIZE)
    for _ in range(int(rng.integers(0, 2 if digits else 5))):
        if faces():
            view.lay(str(rng.choice(WORDS)), float(rng.uniform(0.08, 0.3)) * 2 * SIZE)
    boxes = np.array(view.boxes, np.float32).reshape(-1, 4)[:MAX_DIGITS]
    return view.taken_by_camera(), boxes, np.array(view.labels[:MAX_DIGITS], np.int64)


def render_all(count: int, digits: bool) -> dict[str, np.ndarray]:
    """``count`` scenes as the arrays that ``python -m export evaluate --scenes`` reads."""
    pictures = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    boxes = np.zeros((count, MAX_DIGITS, 4), np.float32)
    labels = np.full((count, MAX_DIGITS), -1, np.int32)
    for index in range(count):
        picture, inside, classes = render(index, digits)
        pictures[index] = np.asarray(picture)
        boxes[index, : len(inside)] = inside
        labels[index, : len(classes)] = classes
    return {"pictures": pictures, "boxes": boxes, "labels": labels}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("output", type=Path, help="the .npz file to write")
    parser.add_argument("--count", type=int, default=500, help="scenes to render (default: 500)")
    parser.add_argument("--empty", action="store_true", help="scenes without a digit")
    options = parser.parse_args()
    missing = len(FACES.split()) - len(faces())
    if missing:
        print(f"{missing} faces are missing; install them: apt-get install {PACKAGES}")
    np.savez_compressed(options.output, **render_all(options.count, not options.empty))


if __name__ == "__main__":
    main()
