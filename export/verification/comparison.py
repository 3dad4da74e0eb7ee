"""Compare the answers of two models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from export.contract import (
    BOXES,
    CLASS_MAP,
    CLASSES,
    COUNT,
    DETECTION,
    MASKS,
    POSE_SCORES,
    POSES,
    SCORED_CLASSES,
    SCORES,
)
from export.errors import ContractError
from export.verification.golden import Row

TOLERANCE = 1e-3
"""The largest allowed difference.

Absolute for scores and for sides of boxes in 0..1, a share of the pixels for maps of classes,
relative to the largest value elsewhere.
Folding, and sums in another order, round differently.
"""

_EDGE_CELLS = 0.01
"""The share of a mask's cells that may change between inside and outside."""

CLEAR = 0.1
"""Boxes with lower scores appear and disappear by rounding, so only their scores are compared."""


@dataclass(frozen=True)
class Agreement:
    """The result of a comparison.

    ``values``: how many values were compared. ``boxes``: how many boxes were clear enough to be
    compared. ``worst``: the largest difference.
    """

    values: int = 0
    boxes: int = 0
    worst: float = 0.0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.values + other.values, self.boxes + other.boxes, max(self.worst, other.worst)
        )


def compare(name: str, actual: Sequence[Row], expected: Sequence[Row]) -> Agreement:
    """Compare image by image. Raise ``ContractError`` for a difference above ``TOLERANCE``."""
    if len(actual) != len(expected):
        raise ContractError(f"{name}: {len(actual)} answers for {len(expected)} images")
    total = Agreement()
    for number, (mine, theirs) in enumerate(zip(actual, expected, strict=True)):
        where = f"{name}, image {number}"
        if set(mine) != set(theirs):
            raise ContractError(f"{where}: outputs {sorted(mine)} instead of {sorted(theirs)}")
        total += _comparison_for(theirs)(where, mine, theirs)
    return total


def _comparison_for(expected: Row) -> Callable[[str, Row, Row], Agreement]:
    if _is_detection(expected):
        return _compare_boxes
    if _is_ranking(expected):
        return _compare_ranking
    if POSES in expected and expected[POSES].ndim == 3 and expected[POSES].shape[2] == 3:
        return _compare_poses
    if CLASS_MAP in expected and expected[CLASS_MAP].dtype.kind in "iu":
        return _compare_maps
    return _compare_values


def _is_detection(expected: Row) -> bool:
    """Return whether these are boxes, rather than tensors of the same names."""
    if not {BOXES, SCORES, CLASSES} <= set(expected):
        return False
    count = expected[SCORES].shape
    return (
        len(count) == 1
        and expected[CLASSES].shape == count
        and expected[BOXES].shape == (*count, 4)
    )


def _compare_boxes(where: str, actual: Row, expected: Row) -> Agreement:
    """Find each clear box among the others; boxes of similar scores may be in another order."""
    mine, theirs = _detections(actual), _detections(expected)
    worst, boxes = _score_difference(mine, theirs), 0
    if worst > TOLERANCE:
        raise ContractError(f"{where}: scores differ from the source's by {worst:.4f}")
    extras = sorted(set(expected) - set(DETECTION))
    for at in np.flatnonzero(theirs[:, 0] >= CLEAR):
        differences = np.abs(mine - theirs[at]).max(axis=1, initial=0.0)
        difference = float(differences.min(initial=1.0))
        if difference > TOLERANCE:
            raise ContractError(f"{where}: a box differs from the source's by {difference:.4f}")
        same = np.flatnonzero(differences <= TOLERANCE)
        for name in extras:
            value, differ = expected[name][at], _mask_difference if name == MASKS else _difference
            difference = min(differ(actual[name][one], value) for one in same)
            if difference > TOLERANCE:
                raise ContractError(
                    f"{where}: {name} of a box differ from the source's by {difference:.4f}"
                )
            worst = max(worst, difference)
        boxes, worst = boxes + 1, max(worst, float(differences.min()))
    return Agreement(theirs.size, boxes, worst)


def _mask_difference(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Return how far two masks differ: of whole numbers, a few cells at the edge may get either."""
    if theirs.dtype.kind == "f" or mine.shape != theirs.shape:
        return _difference(mine, theirs)
    return max(0.0, float((mine != theirs).mean()) - _EDGE_CELLS)


def _detections(outputs: Row) -> np.ndarray:
    """Return score, class and box of each detection in one image: ``[k, 6]``."""
    count = int(outputs[COUNT]) if COUNT in outputs else len(outputs[SCORES])
    parts = ((SCORES, 1), (CLASSES, 1), (BOXES, 4))
    columns = [outputs[name][:count].reshape(count, width) for name, width in parts]
    return np.concatenate(columns, axis=1)


def _score_difference(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference between the clear scores in order, at least the best ones.

    A score that only one side has counts as clear if it exceeds the threshold by more than the
    tolerance.
    """
    clear = [
        int((table[:, 0] >= CLEAR + margin).sum())
        for table, margin in ((mine, TOLERANCE), (theirs, 0.0))
    ]
    count = max(1, *clear)
    best = [np.sort(table[:, 0])[::-1][:count] for table in (mine, theirs)]
    padded = [np.pad(scores, (0, count - len(scores))) for scores in best]
    return float(np.abs(padded[0] - padded[1]).max())


def _is_ranking(expected: Row) -> bool:
    """Return whether these are the classes of scores, rather than tensors of the same name."""
    shapes = {value.shape for value in expected.values()}
    is_row = len(shapes) == 1 and len(next(iter(shapes))) == 1
    return SCORED_CLASSES in expected and len(expected) == 2 and is_row


def _compare_ranking(where: str, actual: Row, expected: Row) -> Agreement:
    """Compare the score of each class; classes of similar scores may be in another order."""
    [name] = set(expected) - {SCORED_CLASSES}
    mine, theirs = (
        dict(zip(row[SCORED_CLASSES].tolist(), row[name].astype(np.float64), strict=True))
        for row in (actual, expected)
    )
    # A class beyond the end of the other's ranking has at most its last score.
    ends = min(mine.values(), default=0.0), min(theirs.values(), default=0.0)
    worst = max(
        (abs(mine.get(one, ends[0]) - theirs.get(one, ends[1])) for one in {*mine, *theirs}),
        default=0.0,
    )
    largest = max(1.0, *map(abs, theirs.values())) if theirs else 1.0
    if worst / largest > TOLERANCE or len(mine) != len(theirs):
        raise ContractError(
            f"{where}: classes and {name} differ from the source's by {worst / largest:.4f}"
        )
    return Agreement(2 * len(theirs), 0, worst / largest)


def _compare_poses(where: str, actual: Row, expected: Row) -> Agreement:
    """Find each clear pose among the others; poses of similar scores may be in another order."""
    mine, theirs = _scored_poses(actual), _scored_poses(expected)
    if mine.shape != theirs.shape:
        raise ContractError(f"{where}: keypoints {mine.shape} instead of {theirs.shape}")
    totals = [np.sort(poses[:, -1, 2]) for poses in (mine, theirs)]
    worst = float(np.abs(totals[0] - totals[1]).max(initial=0.0))
    for pose in theirs[theirs[:, -1, 2] >= CLEAR]:
        # Where a point is not seen, its coordinates are arbitrary.
        compared = (pose[:, 2:] >= CLEAR) | [False, False, True]
        differences = np.where(compared, np.abs(mine - pose), 0.0).max(axis=(1, 2))
        worst = max(worst, float(differences.min()))
    if worst > TOLERANCE:
        raise ContractError(f"{where}: keypoints differ from the source's by {worst:.4f}")
    return Agreement(theirs.size, 0, worst)


def _scored_poses(outputs: Row) -> np.ndarray:
    """Return the points of each pose, ``[P, K + 1, 3]``; the last one holds the pose's score."""
    points = outputs[POSES].astype(np.float64)
    scores = outputs[POSE_SCORES] if POSE_SCORES in outputs else points[..., 2].mean(axis=1)
    total = np.zeros([len(points), 1, 3])
    total[:, 0, 2] = scores
    return np.concatenate([points, total], axis=1)


def _compare_maps(where: str, actual: Row, expected: Row) -> Agreement:
    """Compare the class of each pixel; a few pixels between two classes may get either."""
    mine, theirs = actual[CLASS_MAP], expected[CLASS_MAP]
    share = float((mine != theirs).mean()) if mine.shape == theirs.shape else 1.0
    if share > TOLERANCE:
        raise ContractError(f"{where}: {share:.1%} of {CLASS_MAP} differ from the source's")
    return Agreement(theirs.size, 0, share)


def _compare_values(where: str, actual: Row, expected: Row) -> Agreement:
    values, worst = 0, 0.0
    for name, theirs in expected.items():
        difference = _difference(actual[name], theirs)
        if difference > TOLERANCE:
            raise ContractError(f"{where}: {name} differs from the source's by {difference:.4f}")
        values, worst = values + theirs.size, max(worst, difference)
    return Agreement(values, 0, worst)


def _difference(mine: np.ndarray, theirs: np.ndarray) -> float:
    if mine.shape != theirs.shape:
        return float("inf")
    if theirs.dtype.kind not in "fiub":
        return 0.0 if bool(np.all(mine == theirs)) else float("inf")
    if not theirs.size:
        return 0.0
    mine, theirs = mine.astype(np.float64), theirs.astype(np.float64)
    if not np.array_equal(np.isfinite(mine), np.isfinite(theirs)):
        return float("inf")
    finite = np.isfinite(theirs)
    largest = max(1.0, float(np.abs(theirs[finite]).max(initial=0.0)))
    return float(np.abs(mine[finite] - theirs[finite]).max(initial=0.0)) / largest
