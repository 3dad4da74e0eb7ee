"""Objects with a place in the picture: boxes and poses.

An object has a counterpart if the other answer has one of the same class in about the same place.
Weak objects come and go with the smallest change, so only clear ones need a counterpart, which may
be weaker: a score that moves slightly across a threshold is no difference. If both answers have
masks, what counterparts cover must be about the same as well, and so must rotated boxes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.boxmasks import Mask, mask_iou, masks_of
from framewire.agreement.corners import corners_iou
from framewire.agreement.summary import Comparison, Tally

CLEAR = 0.3
"""The score from which on an object needs a counterpart."""
COUNTERPART = 0.5
"""The share of that score that a counterpart must have."""
MARGIN = 0.05
"""How far above the session's ``min_score`` it must be: a counterpart may be just below."""
SAME_PLACE = 0.5
"""The least similarity of counterparts."""
VISIBLE = 0.2
"""The score of a keypoint from which on its place counts."""
KEYPOINT_SPREAD = 0.1
"""How far apart keypoints may be, as a fraction of their pose's size."""
MOST_OBJECTS = 100
"""Of each answer, the best ones."""

Similarity = Callable[[Sequence[float], Sequence[float]], float]
_Alike = tuple[float, int, int]
"""A similarity, and the places of two objects in their lists."""


@dataclass(frozen=True, slots=True)
class _Object:
    number: int
    label: str
    score: float
    shape: Sequence[float]
    clear: bool
    mask: Mask | None = None
    corners: Sequence[float] | None = None


def boxes(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare detections; their similarity is the intersection over union.

    It is that of boxes or, if it is less, that of their masks or of rotated boxes. A box whose mask
    or rotation is gone has no counterpart; what only the second answer has is not compared.
    """
    return _compare(_boxes(before, cut), _boxes(after, cut), iou)


def poses(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare poses; their similarity is that of their keypoints (OKS)."""
    return _compare(_poses(before, cut), _poses(after, cut), keypoint_similarity)


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the intersection over union of two boxes [x0, y0, x1, y1]."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width < 0 or height < 0:
        return 0.0
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else float(list(a) == list(b))


def keypoint_similarity(a: Sequence[float], b: Sequence[float]) -> float:
    """Return how near the keypoints of two poses are, 0..1, relative to the size of the first."""
    if len(a) != len(b) or not a:
        return float(len(a) == len(b))
    points = list(zip(a[0::3], a[1::3], a[2::3], b[0::3], b[1::3], strict=True))
    seen = [point for point in points if point[2] >= VISIBLE] or points
    xs, ys = [point[0] for point in seen], [point[1] for point in seen]
    size = max(math.hypot(max(xs) - min(xs), max(ys) - min(ys)), 1e-6)
    spread = 2 * (KEYPOINT_SPREAD * size) ** 2
    near = [math.exp(-((x - u) ** 2 + (y - v) ** 2) / spread) for x, y, _, u, v in seen]
    return math.fsum(near) / len(near)


def _boxes(answer: Answer, cut: Cut) -> list[_Object]:
    fields = answer.fields
    corners = fields.get("corners", [None] * len(fields["boxes"]))
    columns = fields["classes"], fields["scores"], fields["boxes"], masks_of(fields), corners
    rows = zip(*columns, strict=True)
    return _objects([(answer.name(kind), *rest) for kind, *rest in rows], cut)


def _poses(answer: Answer, cut: Cut) -> list[_Object]:
    fields = answer.fields
    rows = zip(fields["scores"], fields["keypoints"], strict=True)
    return _objects([("pose", score, points, None, None) for score, points in rows], cut)


def _objects(rows: Sequence[tuple[str, float, Any, Mask | None, Any]], cut: Cut) -> list[_Object]:
    """Return the objects that are clear, or may be the counterpart of one that is."""
    clear = max(CLEAR, cut.min_score + MARGIN)
    most = MOST_OBJECTS if cut.max_results is None else cut.max_results
    return [
        _Object(number, label, score, shape, score >= clear and number < most, mask, corners)
        for number, (label, score, shape, mask, corners) in enumerate(rows[:MOST_OBJECTS])
        if score >= COUNTERPART * clear
    ]


def _compare(
    before: Sequence[_Object], after: Sequence[_Object], similarity: Similarity
) -> Comparison:
    alike = sorted(_alike(before, after, similarity), reverse=True)
    same = _pairs(entry for entry in alike if before[entry[1]].label == after[entry[2]].label)
    covered = [(_covered(value, before[i], after[j]), i, j) for value, i, j in same]
    pairs = [entry for entry in covered if entry[0] >= SAME_PLACE]
    lost = {i for i, one in enumerate(before) if one.clear} - {i for _, i, _ in pairs}
    new = {j for j, one in enumerate(after) if one.clear} - {j for _, _, j in pairs}
    mistaken = _pairs(
        (value, i, j)
        for value, i, j in alike
        if i in lost and j in new and before[i].label != after[j].label
    )
    matched = Counter(before[i].label for _, i, _ in pairs)
    missing, added = Counter(before[i].label for i in lost), Counter(after[j].label for j in new)
    tallies = {
        label: Tally(matched[label], missing[label], added[label])
        for label in sorted({*matched, *missing, *added})
    }
    return Comparison(
        sum(tallies.values(), Tally()).agreement,
        tallies,
        Counter((before[i].label, after[j].label) for _, i, j in mistaken),
        [value for value, _, _ in pairs],
        [after[j].score - before[i].score for _, i, j in pairs],
        sorted(before[i].number for i in lost),
        sorted(after[j].number for j in new),
    )


def _alike(
    before: Sequence[_Object], after: Sequence[_Object], similarity: Similarity
) -> Iterator[_Alike]:
    """Yield which objects are in the same place; one of the two must be clear."""
    for i, mine in enumerate(before):
        for j, theirs in enumerate(after):
            if mine.clear or theirs.clear:
                value = similarity(mine.shape, theirs.shape)
                if value >= SAME_PLACE:
                    yield value, i, j


def _covered(similarity: float, before: _Object, after: _Object) -> float:
    """Return the similarity of two objects in the same place, with what they cover of it."""
    if before.corners is not None:
        if after.corners is None:
            return 0.0
        similarity = min(similarity, corners_iou(before.corners, after.corners))
    if before.mask is None:
        return similarity
    if after.mask is None:
        return 0.0
    return min(similarity, mask_iou(before.shape, before.mask, after.shape, after.mask))


def _pairs(alike: Iterable[_Alike]) -> list[_Alike]:
    """Return the most similar pairs, in which each object is at most once."""
    mine: set[int] = set()
    theirs: set[int] = set()
    pairs = []
    for value, i, j in alike:
        if i not in mine and j not in theirs:
            mine.add(i)
            theirs.add(j)
            pairs.append((value, i, j))
    return pairs
