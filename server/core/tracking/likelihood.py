"""How likely it is that a box continues a track, by its place, its size and its class."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from server.core.answers import Detections
from server.core.tracking.motion import NOISE, Prediction, State
from server.core.tracking.track import Track

# What another class costs.
OTHER_CLASS = 6.0
# The variances of how much a size may differ from the last one and from the usual one, as
# logarithms. Who is cut by the frame's edge or half hidden is not of the usual size, at a cost.
LAST_SHAPE = 0.0115
USUAL_SHAPE = 0.006
UNUSUAL = 4.0
# What is unlikelier than this is less unlikely than a Gaussian has it, since objects turn and
# cameras shake: from here on, the cost grows with the distance, and not with its square.
TAIL = 6.0
# How far a box may be from where its track should be, in sizes, however uncertain that is.
GATE = 5.0
# Instead of nothing, where something is divided by it: a variance, a size.
_TINY, _EMPTY = 1e-300, 1e-9

# An alias of a plain tuple, as a place is.
Candidate = tuple[float, float, float, float, int, int]
"""A box: the four numbers of its place, its class, and its number in the answer."""

Pair = tuple[float, int, int]
"""How unlikely it is that a box continues a track, and the numbers of the two."""


class Target(NamedTuple):
    """A track: the state that is expected, and the prediction that led there."""

    state: State
    track: Track
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
    most = math.sqrt(_most(max(alone - _uncertainty(variance), 0.0)) * variance)
    far = (width + height) * min(most, GATE)
    low, high = y - far, y + far
    first, last = bisect_left(boxes, (x - far,)), bisect_left(boxes, (x + far,))
    return [box for box in boxes[first:last] if low < box[1] < high]


def likely(boxes: Iterable[Candidate], target: Target, track: int, alone: float) -> Iterator[Pair]:
    """Yield the boxes that may continue a track, and how unlikely that is.

    Twice the negative logarithm of a Gaussian with heavier tails: an uncertain track gives way
    to one that expected the box.
    """
    x, y, width, height = target.state[:4]
    kind, size, variance = target.track.kind, width + height, target.prediction.variance
    far, uncertain, spread = GATE * size, _uncertainty(variance), size * size * variance
    for box_x, box_y, box_width, box_height, box_kind, number in boxes:
        off_x, off_y = box_x - x, box_y - y
        if -far < off_x < far and -far < off_y < far:
            square = (off_x * off_x + off_y * off_y) / (spread or _TINY)
            cost = uncertain + (square if square < TAIL else 2 * math.sqrt(TAIL * square) - TAIL)
            if box_kind != kind:
                cost += OTHER_CLASS
            if cost < alone:
                cost += _unlike(box_width, box_height, target)
                if cost < alone:
                    yield cost, number, track


def _unlike(width: float, height: float, target: Target) -> float:
    """Return how unlikely a size is: as it was last, or, if that is less, as it usually is."""
    track, usual = target.track, math.inf
    if track.looks:
        usual = _difference(width, height, track.width, track.height) / USUAL_SHAPE
        usual /= 1 + 1 / track.looks
        if usual < UNUSUAL:  # the other is no less
            return usual
    last = _difference(width, height, target.state[2], target.state[3]) / LAST_SHAPE
    return min(last + UNUSUAL, usual) if track.looks else last


def _difference(width: float, height: float, other_width: float, other_height: float) -> float:
    """Return by how much two sizes differ, relative to both, squared; empty ones included."""
    wider = (width - other_width) / (abs(width) + abs(other_width) or _EMPTY)
    taller = (height - other_height) / (abs(height) + abs(other_height) or _EMPTY)
    return 4 * (wider * wider + taller * taller)


def _most(cost: float) -> float:
    """Return how large a square may be, in variances, to cost no more than this."""
    return cost if cost < TAIL else (cost + TAIL) ** 2 / (4 * TAIL)


def _uncertainty(variance: float) -> float:
    return 2 * math.log(variance / NOISE)
