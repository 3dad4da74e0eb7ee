"""Mean average precision at an overlap of one half, and false boxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

LEAST_OVERLAP = 0.5


@dataclass
class Tally:
    """Collects detections picture by picture, then says how good they were."""

    classes: int = 10
    scores: list[list[float]] = field(default_factory=list)
    hits: list[list[bool]] = field(default_factory=list)
    wanted: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        self.scores = [[] for _ in range(self.classes)]
        self.hits = [[] for _ in range(self.classes)]
        self.wanted = np.zeros(self.classes, np.int64)

    def add(self, found: Found, boxes: np.ndarray, labels: np.ndarray) -> None:
        """One picture: what was found in it, and what is: boxes [m, 4], labels [m]."""
        for label in range(self.classes):
            true = boxes[labels == label]
            mine = found.classes == label
            self.wanted[label] += len(true)
            self.scores[label] += found.scores[mine].tolist()
            self.hits[label] += _matched(found.boxes[mine], true)

    def average_precision(self) -> list[float]:
        """For each class, the area under the curve of precision over recall, 0..1."""
        return [
            _area_under(np.array(self.scores[c]), np.array(self.hits[c], bool), int(self.wanted[c]))
            for c in range(self.classes)
        ]

    def at(self, score: float) -> tuple[float, float]:
        """Of the boxes from that score on: the part of the digits found, the part that is right."""
        shown = np.concatenate([np.array(s) >= score for s in self.scores])
        right = np.concatenate([np.array(h, bool) for h in self.hits]) & shown
        hits = float(right.sum())
        return hits / max(1, int(self.wanted.sum())), hits / max(1, int(shown.sum()))


@dataclass(frozen=True)
class Found:
    """What a model found in one picture, best first: boxes [k, 4], scores [k], classes [k]."""

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


def unpack(outputs: dict[str, np.ndarray]) -> Iterable[Found]:
    """A batch's outputs, under TensorFlow's detection names, picture by picture."""
    for index, count in enumerate(outputs["num_detections"].astype(int)):
        yield Found(
            outputs["detection_boxes"][index, :count],
            outputs["detection_scores"][index, :count],
            outputs["detection_classes"][index, :count].astype(int),
        )


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of each of `boxes` [a, 4] with each of `others` [b, 4]: [a, b]."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [np.prod(b[:, 2:] - b[:, :2], axis=-1) for b in (boxes, others)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)


def _matched(found: np.ndarray, true: np.ndarray) -> list[bool]:
    """Which of `found`, best first, is the first to meet a digit that none before it met."""
    hits, free = [], np.ones(len(true), bool)
    table = overlaps(found, true)
    for row in table:
        row = np.where(free, row, 0.0)
        best = int(row.argmax()) if len(row) else -1
        hit = best >= 0 and bool(row[best] >= LEAST_OVERLAP)
        hits.append(hit)
        if hit:
            free[best] = False
    return hits


def _area_under(scores: np.ndarray, hits: np.ndarray, wanted: int) -> float:
    if wanted == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    good = np.cumsum(hits[order])
    precision = good / np.arange(1, len(good) + 1)
    recall = good / wanted
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], recall]))
    return float((steps * falling).sum())
