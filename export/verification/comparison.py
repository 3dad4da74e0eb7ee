"""Are two models' answers the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from export.errors import ContractBroken
from export.tasks.detection import BOXES, CLASSES, COUNT, SCORES
from export.verification.golden import Row

TOLERANCE = 1e-3
"""How far scores and sides of boxes in 0..1 may be off, and other values in parts of the largest:
folding and another order of sums round differently."""

_CLEAR = 0.1
"""Boxes below this score come and go with the rounding; their scores are compared, not they."""


@dataclass(frozen=True)
class Agreement:
    """values: how many were compared. boxes: of detectors, those clear enough to be compared.
    worst: the largest difference."""

    values: int = 0
    boxes: int = 0
    worst: float = 0.0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.values + other.values, self.boxes + other.boxes, max(self.worst, other.worst)
        )


def compare(what: str, found: Sequence[Row], wanted: Sequence[Row]) -> Agreement:
    """Compares picture by picture. Raises ContractBroken if any is off by more than TOLERANCE."""
    if len(found) != len(wanted):
        raise ContractBroken(f"{what}: {len(found)} answers for {len(wanted)} pictures")
    total = Agreement()
    for number, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
        where = f"{what}, picture {number}"
        if set(mine) != set(theirs):
            raise ContractBroken(f"{where}: gives {sorted(mine)}, not {sorted(theirs)}")
        same = _same_boxes if BOXES in theirs and SCORES in theirs else _same_values
        total += same(where, mine, theirs)
    return total


def _same_boxes(where: str, found: Row, wanted: Row) -> Agreement:
    """Each clear box has one like it; boxes of like scores may change places."""
    mine, theirs = _detections(found), _detections(wanted)
    worst, boxes = _scores_apart(mine, theirs), 0
    if worst > TOLERANCE:
        raise ContractBroken(f"{where}: scores differ from the source's by {worst:.4f}")
    for row in theirs[theirs[:, 0] >= _CLEAR]:
        same = mine[mine[:, 1] == row[1]]
        off = float(np.abs(same - row).max(axis=1).min()) if len(same) else 1.0
        if off > TOLERANCE:
            raise ContractBroken(f"{where}: a box differs from the source's by {off:.4f}")
        boxes, worst = boxes + 1, max(worst, off)
    return Agreement(theirs.size, boxes, worst)


def _detections(outputs: Row) -> np.ndarray:
    """Score, class and box of each detection in one picture: [k, 6], the best first."""
    count = int(outputs[COUNT]) if COUNT in outputs else len(outputs[SCORES])
    parts = ((SCORES, 1), (CLASSES, 1), (BOXES, 4))
    columns = [outputs[name][:count].reshape(count, width) for name, width in parts]
    table = np.concatenate(columns, axis=1)
    return table[np.argsort(-table[:, 0], kind="stable")]


def _scores_apart(mine: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of the clear scores, the best with the best and so on; of the best
    alone if none is clear."""
    clear = [int((table[:, 0] >= _CLEAR + margin).sum()) for table, margin in _sides(mine, theirs)]
    count = max(1, *clear)
    padded = [np.pad(table[:count, 0], (0, max(0, count - len(table)))) for table in (mine, theirs)]
    return float(np.abs(padded[0] - padded[1]).max())


def _sides(mine: np.ndarray, theirs: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Of what is found, only what is clear by more than the tolerance must have its like."""
    return [(mine, TOLERANCE), (theirs, 0.0)]


def _same_values(where: str, found: Row, wanted: Row) -> Agreement:
    values, worst = 0, 0.0
    for name, theirs in wanted.items():
        off = _apart(found[name], theirs)
        if off > TOLERANCE:
            raise ContractBroken(f"{where}: {name} differs from the source's by {off:.4f}")
        values, worst = values + theirs.size, max(worst, off)
    return Agreement(values, 0, worst)


def _apart(mine: np.ndarray, theirs: np.ndarray) -> float:
    if mine.shape != theirs.shape:
        return float("inf")
    if theirs.dtype.kind not in "fiub":
        return 0.0 if bool((mine == theirs).all()) else float("inf")
    if not theirs.size:
        return 0.0
    mine, theirs = mine.astype(np.float64), theirs.astype(np.float64)
    if not np.array_equal(np.isfinite(mine), np.isfinite(theirs)):
        return float("inf")
    known = np.isfinite(theirs)
    largest = max(1.0, float(np.abs(theirs[known]).max(initial=0.0)))
    return float(np.abs(mine[known] - theirs[known]).max(initial=0.0)) / largest
