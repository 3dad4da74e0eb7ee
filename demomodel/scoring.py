"""Mean average precision at an overlap of one half, recall, precision and false boxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

MIN_OVERLAP = 0.5


@dataclass(frozen=True)
class Detections:
    """What a model detects in one image, best first.

    ``boxes``: ``[k, 4]``. ``scores``, ``classes``: ``[k]``.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


@dataclass
class Tally:
    """Collect detections image by image, then compute how good they are."""

    classes: int = 10
    scores: list[list[float]] = field(default_factory=list)
    hits: list[list[bool]] = field(default_factory=list)
    truths: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        self.scores = [[] for _ in range(self.classes)]
        self.hits = [[] for _ in range(self.classes)]
        self.truths = np.zeros(self.classes, np.int64)

    def add(self, detections: Detections, boxes: np.ndarray, labels: np.ndarray) -> None:
        """Add one image with its true boxes ``[m, 4]`` and labels ``[m]``."""
        for label in range(self.classes):
            true = boxes[labels == label]
            mine = detections.classes == label
            self.truths[label] += len(true)
            self.scores[label] += detections.scores[mine].tolist()
            self.hits[label] += _match(detections.boxes[mine], true)

    def average_precision(self) -> list[float]:
        """Return for each class the area under the precision-recall curve, in 0..1."""
        return [
            _area_under(np.array(self.scores[c]), np.array(self.hits[c], bool), int(self.truths[c]))
            for c in range(self.classes)
        ]

    def at(self, score: float) -> tuple[float, float]:
        """Return recall and precision of the boxes with at least that score."""
        shown = np.concatenate([np.array(s) >= score for s in self.scores])
        right = np.concatenate([np.array(h, bool) for h in self.hits]) & shown
        hits = float(right.sum())
        return hits / max(1, int(self.truths.sum())), hits / max(1, int(shown.sum()))


def unpack(outputs: dict[str, np.ndarray]) -> Iterable[Detections]:
    """Split a batch's outputs, under TensorFlow's detection names, by image."""
    for index, count in enumerate(outputs["num_detections"].astype(int)):
        yield Detections(
            outputs["detection_boxes"][index, :count],
            outputs["detection_scores"][index, :count],
            outputs["detection_classes"][index, :count].astype(int),
        )


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the intersection over union ``[a, b]`` of ``boxes`` ``[a, 4]`` and ``others``."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [np.prod(b[:, 2:] - b[:, :2], axis=-1) for b in (boxes, others)]
    table: np.ndarray = both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)
    return table


def _match(detected: np.ndarray, true: np.ndarray) -> list[bool]:
    """Return which boxes, best first, cover a digit that no better box covers."""
    hits, free = [], np.ones(len(true), bool)
    for row in overlaps(detected, true):
        row = np.where(free, row, 0.0)
        best = int(row.argmax()) if len(row) else -1
        hit = best >= 0 and bool(row[best] >= MIN_OVERLAP)
        hits.append(hit)
        if hit:
            free[best] = False
    return hits


def _area_under(scores: np.ndarray, hits: np.ndarray, truths: int) -> float:
    if truths == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    good = np.cumsum(hits[order])
    precision = good / np.arange(1, len(good) + 1)
    recall = good / truths
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], recall]))
    return float((steps * falling).sum())
