"""Detectors: boxes, scores and classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import tensorflow as tf

from export.contract import (
    BOXES,
    CLASSES,
    COUNT,
    DETECTION,
    DETECTION_EXTRAS,
    KEYPOINTS,
    MASKS,
    SCORES,
    Outputs,
    Tensor,
)
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.activation import activate
from export.tasks.boxes import standard, standard_points
from export.tasks.boxmasks import MAX_CELLS, of_image_masks
from export.tasks.suppression import Suppression
from export.tasks.task import PlainTask, Probe, TaskOptions


@dataclass(frozen=True)
class Detection(PlainTask):
    """A detector.

    ``names``: the source's name for each of the contract's outputs that it has. ``extras``: the
    same for what else it says about each box. ``classes``: the number of classes, if scores have a
    column for each. ``masks``: whether clients get masks.
    """

    names: Mapping[str, str]
    extras: Mapping[str, str]
    options: TaskOptions
    first_class: int
    classes: int | None
    notes: tuple[str, ...] = ()
    masks: bool = False

    name: str = "detection"

    @property
    def details(self) -> Mapping[str, Any]:
        return {"masks": self.masks} if MASKS in self.extras else {}

    def reads(self) -> Collection[str]:
        return {*self.names.values(), *self.extras.values()}

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        own = {name: outputs[source_name] for name, source_name in self.names.items()}
        boxes = own[BOXES]
        if boxes.shape.rank == 4:  # [N, K, 1, 4]: some detectors give one box for all classes
            boxes = boxes[:, :, 0]
        boxes = standard(boxes, self.options.order, self.options.units, size)
        scores = activate(own[SCORES], self.options.activation, self.options.background)
        if self.options.suppress:
            return _suppression(self.options)(boxes, scores, own.get(CLASSES))
        count = own.get(COUNT)
        if count is None:
            count = tf.reduce_sum(tf.cast(scores > 0.0, tf.float32), axis=1)
        return {
            BOXES: boxes,
            SCORES: scores,
            CLASSES: tf.cast(own[CLASSES], tf.float32),
            COUNT: tf.reshape(tf.cast(count, tf.float32), [-1]),
            **{
                name: self._extra(name, outputs[own], boxes, size)
                for name, own in self.extras.items()
            },
        }

    def _extra(self, name: str, values: Tensor, boxes: Tensor, size: Tensor) -> Tensor:
        if name == KEYPOINTS:
            return standard_points(values, self.options.order, self.options.units, size)
        if name == MASKS and self.options.masks == "image":
            within = tf.clip_by_value(boxes, 0.0, 1.0)
            return of_image_masks(values, within, self.options.mask_size)
        return values


def detection(probe: Probe, options: TaskOptions) -> Detection:
    """Return the task for these outputs. Raise ``SourceError`` if some are missing."""
    names, extras = _own_names(DETECTION, probe), _own_names(DETECTION_EXTRAS, probe)
    needed = (BOXES, SCORES) if options.suppress else (BOXES, SCORES, CLASSES)
    missing = [name for name in needed if name not in names]
    if missing:
        raise SourceError(
            f"a detector needs {' and '.join(missing)}; name them with --outputs NAME=TENSOR"
            f"{_hint(missing)}; the model's outputs: {listed(sorted(probe))}"
        )
    boxes, scores = probe[names[BOXES]], probe[names[SCORES]]
    _check(boxes, scores, options)
    columns = _columns(scores, options)
    if options.suppress and columns is not None:
        names.pop(CLASSES, None)
        return Detection(names, {}, options, 0, columns)
    if options.suppress:
        extras = {}  # they belong to boxes that suppression puts in another order
    else:
        extras = {name: own for name, own in extras.items() if _belongs(probe[own], scores)}
    first, classes, notes = _first_class(options, CLASSES in names)
    masks, reasons = _masks(extras, probe, options)
    notes += reasons
    if KEYPOINTS in extras:
        notes += (
            "the gateway returns boxes without keypoints; --task keypoints makes a pose model",
        )
    return Detection(names, extras, options, first, classes, notes, masks)


def _masks(
    extras: dict[str, str], probe: Probe, options: TaskOptions
) -> tuple[bool, tuple[str, ...]]:
    """Return whether clients get masks, and why not. Masks that are not wanted are removed."""
    own = extras.get(MASKS)
    if options.masks == "image" and (own is None or probe[own].ndim != 4):
        raise SourceError(f"--masks image needs {MASKS} [N,K,H,W]; name them with --outputs")
    if options.masks == "image" and not options.mask_size:
        del extras[MASKS]
        return False, ()
    if own is None:
        return False, ()
    shape = probe[own].shape
    cells = shape[1] * options.mask_size**2 if options.masks == "image" else prod(shape[1:])
    if len(shape) == 4 and cells <= MAX_CELLS:
        return True, ()
    note = (
        f"{own} {list(shape[1:])} are not {MAX_CELLS} values an image at most, [K,h,w], so clients "
        "get boxes alone; if they cover the image, add --masks image"
    )
    return False, (note,)


def _own_names(names: tuple[str, ...], probe: Probe) -> dict[str, str]:
    return {name: own for name in names if (own := own_name(name, probe)) is not None}


def _belongs(extra: Any, scores: Any) -> bool:
    """Return whether an output has an entry for each box."""
    return bool(extra.shape[:2] == scores.shape[:2])


def own_name(name: str, outputs: Any) -> str | None:
    """Return the source's name for an output of the contract; the prefix may be missing."""
    for own in (name, name.removeprefix("detection_")):
        if own in outputs:
            return own
    return None


def _hint(missing: list[str]) -> str:
    if missing == [CLASSES]:
        return ", or add --nms if scores have a column for each class"
    return ""


def _check(boxes: Any, scores: Any, options: TaskOptions) -> None:
    is_flat = boxes.ndim == 3 or (boxes.ndim == 4 and boxes.shape[2] == 1)
    fits = is_flat and boxes.shape[-1] == 4 and scores.shape[:2] == boxes.shape[:2]
    if not fits or scores.ndim not in ((2, 3) if options.suppress else (2,)):
        columns = " or, with --nms, [N,K,C]" if scores.ndim == 3 else ""
        raise SourceError(
            f"{BOXES} {list(boxes.shape)} and {SCORES} {list(scores.shape)} must be [N,K,4] and "
            f"[N,K]{columns}"
        )


def _columns(scores: Any, options: TaskOptions) -> int | None:
    return int(scores.shape[2]) - options.background if scores.ndim == 3 else None


def _first_class(
    options: TaskOptions, has_classes: bool
) -> tuple[int, int | None, tuple[str, ...]]:
    if not has_classes:
        return 0, 1, ()
    if options.first_class is not None:
        return options.first_class, None, ()
    note = "classes are assumed to start at 1, as in TensorFlow's models; override: --first-class N"
    return 1, None, (note,)


def _suppression(options: TaskOptions) -> Suppression:
    return Suppression(options.max_overlap, options.min_score, options.max_boxes)
