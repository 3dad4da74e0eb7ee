"""Detectors: boxes, scores and classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from export.errors import SourceError
from export.sources.names import listed
from export.tasks.boxes import standard
from export.tasks.suppression import Suppression
from export.tasks.task import Outputs, Probe, TaskWish, Tensor

BOXES, SCORES = "detection_boxes", "detection_scores"
CLASSES, COUNT = "detection_classes", "num_detections"
NAMES = (BOXES, SCORES, CLASSES, COUNT)


@dataclass(frozen=True)
class Detection:
    """names: the source's name of each of the four outputs that it has. classes: how many there
    are, if scores have a column for each."""

    names: Mapping[str, str]
    wish: TaskWish
    first_class: int
    classes: int | None
    notes: tuple[str, ...] = ()

    name: str = "detection"

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        found = {name: outputs[own] for name, own in self.names.items()}
        boxes = found[BOXES]
        if boxes.shape.rank == 4:  # one box for all classes, as some detectors have it
            boxes = boxes[:, :, 0]
        boxes = standard(boxes, self.wish.order, self.wish.units, size)
        scores = _scores(found[SCORES], self.wish)
        if self.wish.suppress:
            return _suppression(self.wish)(boxes, scores, found.get(CLASSES))
        count = found.get(COUNT)
        if count is None:
            count = tf.reduce_sum(tf.cast(scores > 0.0, tf.float32), axis=1)
        return {
            BOXES: boxes,
            SCORES: scores,
            CLASSES: tf.cast(found[CLASSES], tf.float32),
            COUNT: tf.reshape(tf.cast(count, tf.float32), [-1]),
        }


def detection(probe: Probe, wish: TaskWish) -> Detection:
    """The task for a source with these outputs. Raises SourceError if some are missing."""
    names = {name: own for name in NAMES if (own := own_name(name, probe)) is not None}
    needed = (BOXES, SCORES) if wish.suppress else (BOXES, SCORES, CLASSES)
    missing = [name for name in needed if name not in names]
    if missing:
        raise SourceError(
            f"a detector needs {' and '.join(missing)}: name them with --outputs NAME=TENSOR"
            f"{_hint(missing)}; the model gives {listed(sorted(probe))}"
        )
    boxes, scores = probe[names[BOXES]], probe[names[SCORES]]
    _check(boxes, scores, wish)
    columns = _columns(scores, wish)
    if wish.suppress and columns is not None:
        names.pop(CLASSES, None)
        return Detection(names, wish, 0, columns)
    return Detection(names, wish, *_first_class(wish, CLASSES in names))


def own_name(name: str, outputs: Any) -> str | None:
    """The source's name for one of the contract's outputs: that, or the same without its prefix."""
    for own in (name, name.removeprefix("detection_")):
        if own in outputs:
            return own
    return None


def _hint(missing: list[str]) -> str:
    if missing == [CLASSES]:
        return " (or, if scores have a column for each class, thin the boxes out with --nms)"
    return ""


def _check(boxes: Any, scores: Any, wish: TaskWish) -> None:
    flat = boxes.ndim == 3 or (boxes.ndim == 4 and boxes.shape[2] == 1)
    fits = flat and boxes.shape[-1] == 4 and scores.shape[:2] == boxes.shape[:2]
    if not fits or scores.ndim not in ((2, 3) if wish.suppress else (2,)):
        columns = " and, with --nms, [N,K,C]" if scores.ndim == 3 else ""
        raise SourceError(
            f"{BOXES} {list(boxes.shape)} and {SCORES} {list(scores.shape)} are not [N,K,4] and "
            f"[N,K]{columns}"
        )


def _columns(scores: Any, wish: TaskWish) -> int | None:
    return int(scores.shape[2]) - wish.background if scores.ndim == 3 else None


def _first_class(wish: TaskWish, says_classes: bool) -> tuple[int, int | None, tuple[str, ...]]:
    if not says_classes:
        return 0, 1, ()
    if wish.first_class is not None:
        return wish.first_class, None, ()
    return 1, None, ("classes count from 1, as TensorFlow's do; else say so with --first-class",)


def _scores(scores: Tensor, wish: TaskWish) -> Tensor:
    scores = tf.cast(scores, tf.float32)
    if wish.activation == "sigmoid":
        scores = tf.sigmoid(scores)
    elif wish.activation == "softmax":
        scores = tf.nn.softmax(scores)
    return scores[..., 1:] if wish.background else scores


def _suppression(wish: TaskWish) -> Suppression:
    return Suppression(wish.max_overlap, wish.min_score, wish.max_boxes)
