"""Boxes as a detector would give them: a little off, sometimes missing, sometimes invented."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tracking.scenes import STEP_S, Box, Scene, Truth

# Standard deviation of an edge, in sizes; shares of frames without a visible digit's box,
# and with an invented box; share of boxes with a wrong class.
EDGE_NOISE = 0.035
MISSED = 0.04
INVENTED = 0.15
WRONG_CLASS = 0.05
# A digit of which less is visible is neither detected nor counted.
LEAST_VISIBLE = 0.3


@dataclass(frozen=True)
class Frame:
    """A frame that reached the tracker: its time, the truth, and the detector's boxes."""

    at: float
    truth: list[Truth]
    boxes: list[Box]
    scores: list[float]
    classes: list[int]


def record(scene: Scene, seconds: float, fps: float, dropped: float, seed: int) -> list[Frame]:
    """Return the frames of a scene that are left when the share ``dropped`` is lost at random."""
    chance = random.Random(seed)
    frames = []
    steps = round(1 / STEP_S / fps)
    for step in range(round(seconds / STEP_S)):
        if step % steps == 0 and chance.random() >= dropped:
            frames.append(_frame(step * STEP_S, scene.truth(), chance))
        scene.advance()
    return frames


def _frame(at: float, seen: Sequence[Truth], chance: random.Random) -> Frame:
    truth = [entry for entry in seen if entry.visible >= LEAST_VISIBLE]
    found = [_detected(entry, chance) for entry in truth if chance.random() >= MISSED]
    if chance.random() < INVENTED:
        found.append(_invented(chance))
    found = sorted((d for d in found if d[0] > 0.05), reverse=True)
    boxes, scores, classes = [d[1] for d in found], [d[0] for d in found], [d[2] for d in found]
    return Frame(at, truth, boxes, scores, classes)


def _detected(entry: Truth, chance: random.Random) -> tuple[float, Box, int]:
    x0, y0, x1, y1 = entry.box
    # What is half hidden is found less surely, and less exactly.
    noise = EDGE_NOISE * math.sqrt((x1 - x0) * (y1 - y0)) * (2 - entry.visible)
    box = tuple(min(max(edge + chance.gauss(0, noise), 0.0), 1.0) for edge in (x0, y0, x1, y1))
    x0, y0, x1, y1 = box
    score = min(max(chance.gauss(0.25 + 0.65 * entry.visible, 0.08), 0.0), 0.99)
    kind = chance.randrange(10) if chance.random() < WRONG_CLASS else entry.kind
    return score, (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), kind


def _invented(chance: random.Random) -> tuple[float, Box, int]:
    x, y, size = chance.uniform(0, 0.9), chance.uniform(0, 0.9), chance.uniform(0.06, 0.15)
    return chance.uniform(0.1, 0.7), (x, y, min(x + size, 1.0), min(y + size, 1.0)), 0
