"""How far two answers about the same frame agree: a candidate's with that of the version in use.

* Objects (boxes, poses, classes of a picture) are paired if they have the same class, by name, and
  lie in the same place, the best overlaps first. An object without a counterpart is *missed* if
  only the version in use has it, and *added* if only the candidate has. Objects below ``CONFIDENT``
  count only as counterparts, so a score that moves slightly across a threshold is no difference.
  The share is that of pairs among pairs, missed and added objects.
* Maps are compared at the points of a grid. The share of a segmentation is that of points with the
  same class; that of a dense map is 1 minus the mean difference, relative to the map's range.
* Embeddings have the cosine of their angle as the share, raw tensors the share of equal values.

A share is in 0..1. Answers of different tasks share nothing.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from server.core.answers import (
    STRUCT_CODES,
    Answer,
    Classification,
    DenseMap,
    Detections,
    Embedding,
    Poses,
    Segmentation,
    Tensor,
    Tensors,
)

CONFIDENT = 0.5
POSSIBLE = 0.25
SAME_PLACE = 0.5
"""The intersection over union from which two objects lie in the same place."""

MOST_OBJECTS = 100
GRID = 32
MOST_VALUES = 1024
_POINTS = GRID * GRID
_POSE = "pose"
_VISIBLE = 0.1
_SEEN = 0.01  # of a map: less is noise at the edges


class Answered(NamedTuple):
    """A version's answer to one frame, and the names of its classes."""

    answer: Answer
    labels: Sequence[str]


class Pair(NamedTuple):
    """An object that both have.

    ``iou``: the overlap of their places, 1 for the classes of a whole picture. ``shift``: the
    candidate's score minus the other one; None if the task has no scores.
    """

    kind: str
    iou: float
    shift: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two answers agree: the share, and the classes of what is behind it."""

    share: float
    pairs: Sequence[Pair] = ()
    missed: Sequence[str] = ()
    added: Sequence[str] = ()


class _Object(NamedTuple):
    kind: str
    score: float
    box: Sequence[float] | None
    confident: bool


def compare(current: Answered, candidate: Answered) -> Agreement:
    """Compare a candidate's answer with that of the version in use."""
    one, other = current.answer, candidate.answer
    if isinstance(one, Segmentation) and isinstance(other, Segmentation):
        return _segmentations(_classes(one, current.labels), _classes(other, candidate.labels))
    if isinstance(one, Embedding) and isinstance(other, Embedding):
        return Agreement(_cosine(one.vector, other.vector))
    if isinstance(one, DenseMap) and isinstance(other, DenseMap):
        return Agreement(_maps(one, other))
    if isinstance(one, Tensors) and isinstance(other, Tensors):
        return Agreement(_tensors(one, other))
    if type(one) is not type(other):
        return Agreement(0.0)
    return _objects(_found(*current), _found(*candidate))


# Objects


def _found(answer: Answer, labels: Sequence[str]) -> list[_Object]:
    """Return the objects of an answer that may count, best score first."""
    objects: list[_Object] = []
    if isinstance(answer, Detections):
        rows = zip(answer.classes, answer.scores, answer.boxes, strict=True)
        objects = [_object(_name(labels, kind), score, box) for kind, score, box in rows]
    elif isinstance(answer, Poses):
        poses = zip(answer.scores, answer.keypoints, strict=True)
        objects = [_object(_POSE, score, _around(points)) for score, points in poses]
    else:
        assert isinstance(answer, Classification)
        classes = zip(answer.classes, answer.scores, strict=True)
        objects = [_object(_name(labels, kind), score, None) for kind, score in classes]
        # The best class is the answer, however low its score.
        objects[:1] = [best._replace(confident=True) for best in objects[:1]]
    return [one for one in objects[:MOST_OBJECTS] if one.confident or one.score >= POSSIBLE]


def _object(kind: str, score: float, box: Sequence[float] | None) -> _Object:
    return _Object(kind, score, box, score >= CONFIDENT)


def _name(labels: Sequence[str], kind: int) -> str:
    return labels[kind] if 0 <= kind < len(labels) else str(kind)


def _around(points: Sequence[float]) -> Sequence[float]:
    """Return the box around the points of a pose that are visible, or around all."""
    scores = points[2::3]
    shown = [i for i, score in enumerate(scores) if score >= _VISIBLE] or range(len(scores))
    across, down = [points[3 * i] for i in shown], [points[3 * i + 1] for i in shown]
    if not across:
        return (0.0, 0.0, 0.0, 0.0)
    return (min(across), min(down), max(across), max(down))


def _objects(current: Sequence[_Object], candidate: Sequence[_Object]) -> Agreement:
    ours, theirs = dict(enumerate(current)), dict(enumerate(candidate))
    pairs = []
    for iou, i, j in sorted(_overlaps(current, candidate), reverse=True):
        if i in ours and j in theirs:
            one, other = ours.pop(i), theirs.pop(j)
            if one.confident or other.confident:
                pairs.append(Pair(one.kind, iou, other.score - one.score))
    missed = [one.kind for one in ours.values() if one.confident]
    added = [one.kind for one in theirs.values() if one.confident]
    counted = len(pairs) + len(missed) + len(added)
    return Agreement(len(pairs) / counted if counted else 1.0, pairs, missed, added)


def _overlaps(
    current: Sequence[_Object], candidate: Sequence[_Object]
) -> Iterator[tuple[float, int, int]]:
    """Return which objects may be the same: their overlap, and their numbers."""
    for i, one in enumerate(current):
        for j, other in enumerate(candidate):
            if one.kind == other.kind:
                overlap = iou(one.box, other.box) if one.box and other.box else 1.0
                if overlap >= SAME_PLACE:
                    yield overlap, i, j


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the intersection over union of two boxes [x0, y0, x1, y1]."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width < 0 or height < 0:
        return 0.0
    shared = width * height
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else float(one == other)


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


# Maps


def _classes(answer: Segmentation, labels: Sequence[str]) -> list[str]:
    """Return the class at each point of the grid."""
    ends = list(accumulate(answer.runs[1::2]))
    kinds = [_name(labels, kind) for kind in answer.runs[::2]]
    return [
        kinds[min(bisect_right(ends, at), len(kinds) - 1)]
        for at in _grid(answer.width, answer.height)
        if kinds
    ]


def _grid(width: int, height: int) -> list[int]:
    """Return the numbers of the pixels at the points of the grid, row by row."""
    rows = [(2 * i + 1) * height // (2 * GRID) for i in range(GRID)]
    columns = [(2 * i + 1) * width // (2 * GRID) for i in range(GRID)]
    return [row * width + column for row in rows for column in columns]


def _segmentations(current: Sequence[str], candidate: Sequence[str]) -> Agreement:
    same = Counter(one for one, other in zip(current, candidate, strict=False) if one == other)
    ours, theirs = Counter(current), Counter(candidate)
    pairs, missed, added = [], [], []
    for kind in sorted(ours | theirs):
        overlap = same[kind] / (ours[kind] + theirs[kind] - same[kind])
        if overlap >= SAME_PLACE:
            pairs.append(Pair(kind, overlap, None))
        elif ours[kind] >= _SEEN * _POINTS:
            missed.append(kind)
        elif theirs[kind] >= _SEEN * _POINTS:
            added.append(kind)
    points = max(len(current), len(candidate))
    share = same.total() / points if points else 1.0
    return Agreement(share, pairs, missed, added)


def _maps(one: DenseMap, other: DenseMap) -> float:
    ours, theirs = _values(one), _values(other)
    if not ours or not theirs:
        return float(bool(ours) == bool(theirs))
    extent = (one.high - one.low) or (other.high - other.low)
    differences = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    mean = sum(differences) / len(differences)
    return max(0.0, 1 - mean / extent) if extent else float(mean == 0)


def _values(answer: DenseMap) -> list[float]:
    step = (answer.high - answer.low) / 255
    levels = answer.levels
    return [answer.low + step * levels[at] for at in _grid(answer.width, answer.height) if levels]


# Vectors and tensors


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    if len(one) != len(other):
        return 0.0
    lengths = math.hypot(*one) * math.hypot(*other)
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return min(1.0, max(0.0, product / lengths)) if lengths else float(one == other)


def _tensors(one: Tensors, other: Tensors) -> float:
    names = one.outputs.keys() | other.outputs.keys()
    shares = [_tensor(one.outputs.get(name), other.outputs.get(name)) for name in names]
    return sum(shares) / len(shares) if shares else 1.0


def _tensor(one: Tensor | None, other: Tensor | None) -> float:
    """Return the share of equal values among the first ``MOST_VALUES``."""
    if one is None or other is None or (one.dtype, one.shape) != (other.dtype, other.shape):
        return 0.0
    pairs = list(zip(_numbers(one), _numbers(other), strict=True))
    return sum(_equal(a, b) for a, b in pairs) / len(pairs) if pairs else 1.0


def _numbers(tensor: Tensor) -> Sequence[float | str]:
    if not isinstance(tensor.data, bytes):
        return tensor.data[:MOST_VALUES]
    code = STRUCT_CODES.get(tensor.dtype, "B")
    count = min(MOST_VALUES, len(tensor.data) // struct.calcsize(f"<{code}"))
    return struct.unpack_from(f"<{count}{code}", tensor.data)


def _equal(one: float | str, other: float | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return math.isclose(one, other, rel_tol=0.01, abs_tol=1e-6)
