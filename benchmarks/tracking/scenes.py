"""Scenes of moving digits whose true ids are known, at any time.

A scene is simulated in steps of 1/120 s, so that every frame rate and every drop shows the
same motion. Digits are rectangles with a class; nearer ones hide those behind them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

STEP_S = 1 / 120
ASPECT = 0.7  # width / height of a digit

Box = tuple[float, float, float, float]


@dataclass
class Digit:
    """A digit: its centre, velocity per second, height, class, and how far it turns (rad/s)."""

    id: int
    x: float
    y: float
    vx: float
    vy: float
    height: float
    kind: int
    turn: float = 0.0

    def box(self) -> Box:
        """Return [x0, y0, x1, y1] in 0..1 of the scene."""
        width = ASPECT * self.height
        return (
            self.x - width / 2,
            self.y - self.height / 2,
            self.x + width / 2,
            self.y + self.height / 2,
        )


@dataclass(frozen=True)
class Truth:
    """What there is to see of a digit: its box in the frame, and the share that is visible."""

    id: int
    kind: int
    box: Box
    visible: float


@dataclass
class Scene:
    """Digits in motion. ``walls`` hide them; ``shake`` is the camera's, in frame widths."""

    chance: random.Random
    digits: list[Digit] = field(default_factory=list)
    walls: list[Box] = field(default_factory=list)
    leaving: bool = False
    turning: float = 0.0
    shake: float = 0.0
    next_id: int = 1
    offset: tuple[float, float] = (0.0, 0.0)
    drift: tuple[float, float] = (0.0, 0.0)

    def add(self, speed: float, turn: float = 0.0) -> None:
        """Add a digit somewhere, or at an edge if digits leave."""
        chance = self.chance
        angle = chance.uniform(0, 2 * math.pi)
        speed *= chance.uniform(0.6, 1.4)
        x, y = chance.uniform(0.1, 0.9), chance.uniform(0.1, 0.9)
        if self.leaving and self.next_id > 8:
            x, angle = chance.choice([(0.0, 0.0), (1.0, math.pi)])
            angle += chance.uniform(-0.5, 0.5)
        height = chance.uniform(0.08, 0.18)
        vx, vy = speed * math.cos(angle), speed * math.sin(angle)
        kind = chance.randrange(10)
        self.digits.append(Digit(self.next_id, x, y, vx, vy, height, kind, turn))
        self.next_id += 1

    def advance(self) -> None:
        """Move everything by one step."""
        for digit in list(self.digits):
            self._move(digit)
        if self.shake:
            self._move_camera()

    def _move(self, digit: Digit) -> None:
        chance = self.chance
        if self.turning and chance.random() < self.turning * STEP_S:
            angle = chance.uniform(math.pi / 3, math.pi) * chance.choice([-1, 1])
            _rotate(digit, angle)
        if digit.turn:
            _rotate(digit, digit.turn * STEP_S)
        digit.x += digit.vx * STEP_S
        digit.y += digit.vy * STEP_S
        gone = not (-0.1 < digit.x < 1.1 and -0.1 < digit.y < 1.1)
        if self.leaving:
            if gone:
                self.digits.remove(digit)
                self.add(math.hypot(digit.vx, digit.vy))
            return
        if not 0.05 < digit.x < 0.95 and (digit.x - 0.5) * digit.vx > 0:
            digit.vx = -digit.vx
        if not 0.05 < digit.y < 0.95 and (digit.y - 0.5) * digit.vy > 0:
            digit.vy = -digit.vy

    def _move_camera(self) -> None:
        """A hand's tremor: pulled back to the middle, pushed at random, a few times a second."""

        def moved(offset: float, drift: float) -> tuple[float, float]:
            push = self.chance.gauss(0, self.shake * 60 * math.sqrt(STEP_S))
            drift += (-120 * offset - 8 * drift) * STEP_S + push
            return offset + drift * STEP_S, drift

        (x, dx), (y, dy) = map(moved, self.offset, self.drift)
        self.offset, self.drift = (x, y), (dx, dy)

    def truth(self) -> list[Truth]:
        """Return what is in the frame now. The later a digit was added, the nearer it is."""
        seen = []
        for i, digit in enumerate(self.digits):
            box = digit.box()
            covers = [other.box() for other in self.digits[i + 1 :]]
            visible = _visible(box, [*covers, *self.walls])
            dx, dy = self.offset
            x0, y0, x1, y1 = box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy
            clipped = max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0)
            if clipped[0] < clipped[2] and clipped[1] < clipped[3]:
                visible *= _area(clipped) / _area(box)
                seen.append(Truth(digit.id, digit.kind, clipped, visible))
        return seen


def _rotate(digit: Digit, angle: float) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    digit.vx, digit.vy = cos * digit.vx - sin * digit.vy, sin * digit.vx + cos * digit.vy


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _visible(box: Box, covers: Iterable[Box]) -> float:
    """Return the share of a box that none of ``covers`` hides, on a grid of 8 x 8 points."""
    near = [
        c for c in covers if c[0] < box[2] and box[0] < c[2] and c[1] < box[3] and box[1] < c[3]
    ]
    if not near:
        return 1.0
    width, height = box[2] - box[0], box[3] - box[1]
    hidden = 0
    for i in range(64):
        x = box[0] + (i % 8 + 0.5) / 8 * width
        y = box[1] + (i // 8 + 0.5) / 8 * height
        hidden += any(c[0] <= x <= c[2] and c[1] <= y <= c[3] for c in near)
    return 1 - hidden / 64


def crossing(chance: random.Random) -> Scene:
    """Twelve digits that cross each other's ways."""
    return _filled(Scene(chance), 12, 0.2)


def hiding(chance: random.Random) -> Scene:
    """Eight digits that pass behind two pillars."""
    walls = [(0.27, 0.0, 0.37, 1.0), (0.62, 0.0, 0.74, 1.0)]
    return _filled(Scene(chance, walls=walls), 8, 0.22)


def leaving(chance: random.Random) -> Scene:
    """Eight digits at a time; whoever leaves is replaced by another at an edge."""
    return _filled(Scene(chance, leaving=True), 8, 0.25)


def turning(chance: random.Random) -> Scene:
    """Ten digits that turn round without warning, or run in circles."""
    scene = _filled(Scene(chance, turning=0.4), 6, 0.2)
    for _ in range(4):
        scene.add(0.25, turn=chance.choice([-1, 1]) * chance.uniform(1, 2.5))
    return scene


def shaking(chance: random.Random) -> Scene:
    """Ten digits, seen by a camera in an unsteady hand."""
    return _filled(Scene(chance, shake=0.01), 10, 0.12)


def _filled(scene: Scene, digits: int, speed: float) -> Scene:
    for _ in range(digits):
        scene.add(speed)
    return scene


SCENES: dict[str, Callable[[random.Random], Scene]] = {
    "crossing": crossing,
    "hiding": hiding,
    "leaving": leaving,
    "turning": turning,
    "shaking": shaking,
}
