"""How likely it is that a box continues a track, by its place, its size and its class."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from server.core.answers import Detections
from server.core.tracking.motion import NOISE, Prediction, State

# What another class costs.
OTHER_CLASS = 6.0
# The variance of how much a size may differ from what is expected, as a logarithm.
SHAPE = 0.0115
# How far a box may be from where its track should be, in sizes, however uncertain that is.
GATE = 2.5
# Instead of nothing, where something is divided by it: a variance, a size.
_TINY, _EMPTY = 1e-300, 1e-9

# An alias of a plain tuple, as a place is.
Candidate = tuple[float, float, float, float, int, int]
"""A box: the four numbers of its place, its class, and its number in the answer."""

Pair = tuple[float, int, int]
"""How unlikely it is that a box continues a track, and the numbers of the two."""


class Target(NamedTuple):
    """A track: the state and class that are expected, and the prediction that led there."""

    state: State
    kind: int
    prediction: Prediction


def candidates(answer: Detections, numbers: Iterable[int]) -> list[Candidate]:
    """Return some boxes of an answer, from left to right, without those that are nowhere."""
    found: list[Candidate] = []
    for number in numbers:
        x0, y0, x1, y1 = answer.boxes[number]
        x, y = x0 + x1, y0 + y1
        if math.isfinite(x + y):
            found.append((x, y, x1 - x0, y1 - y0, answer.classes[number], number))
    found.sort()
    return found


def nearest(boxes: Sequence[Candidate], target: Target, alone: float) -> list[Candidate]:
    """Return the boxes that are not too far from a track to continue it, out of many."""
    x, y, width, height = target.state[:4]
    variance = target.prediction.variance
    most = math.sqrt(max(alone - _uncertainty(variance), 0.0) * variance)
    far = (width + height) * min(most, GATE)
    low, high = y - far, y + far
    first, last = bisect_left(boxes, (x - far,)), bisect_left(boxes, (x + far,))
    return [box for box in boxes[first:last] if low < box[1] < high]


def likely(boxes: Iterable[Candidate], target: Target, track: int, alone: float) -> Iterator[Pair]:
    """Yield the boxes that may continue a track, and how unlikely that is.

    The negative logarithm of a Gaussian, doubled: an uncertain track gives way to one that
    expected the box.
    """
    x, y, width, height = target.state[:4]
    kind, size, variance = target.kind, width + height, target.prediction.variance
    far, uncertain, spread = GATE * size, _uncertainty(variance), size * size * variance
    for box_x, box_y, box_width, box_height, box_kind, number in boxes:
        off_x, off_y = box_x - x, box_y - y
        if -far < off_x < far and -far < off_y < far:
            cost = (off_x * off_x + off_y * off_y) / (spread or _TINY) + uncertain
            if box_kind != kind:
                cost += OTHER_CLASS
            if cost < alone:
                # By how much each size differs, relative to both; empty boxes included.
                wider = 2 * (box_width - width) / max(abs(box_width) + abs(width), _EMPTY)
                taller = 2 * (box_height - height) / max(abs(box_height) + abs(height), _EMPTY)
                cost += (wider * wider + taller * taller) / SHAPE
                if cost < alone:
                    yield cost, number, track


def _uncertainty(variance: float) -> float:
    return 2 * math.log(variance / NOISE)
