"""Detectors: boxes, scores and classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from export.contract import (
    BOXES,
    CLASSES,
    CORNERS,
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
from export.tasks.masksource import MaskSource, masks_among
from export.tasks.suppression import Suppression, picked
from export.tasks.task import PlainTask, Probe, TaskOptions


@dataclass(frozen=True)
class Detection(PlainTask):
    """A detector.

    ``names``: the source's name for each of the contract's outputs that it has. ``extras``: the
    same for what else it says about each box, besides masks. ``classes``: the number of classes, if
    scores have a column for each. ``masks``: where masks come from; None if there are none.
    ``has_rows``: outputs have the dimension of the batch, which models for one image may lack.
    """

    names: Mapping[str, str]
    extras: Mapping[str, str]
    options: TaskOptions
    first_class: int
    classes: int | None
    notes: tuple[str, ...] = ()
    masks: MaskSource | None = None
    has_rows: bool = True

    name: str = "detection"

    @property
    def details(self) -> Mapping[str, Any]:
        return {"masks": self.masks.sent} if self.masks else {}

    def reads(self) -> Collection[str]:
        masks = self.masks.names() if self.masks else ()
        return {*self.names.values(), *self.extras.values(), *masks}

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        if not self.has_rows:
            outputs = {name: value[None] for name, value in outputs.items()}
        own = {name: outputs[source_name] for name, source_name in self.names.items()}
        boxes = own[BOXES]
        if boxes.shape.rank == 4:  # [N, K, 1, 4]: some detectors give one box for all classes
            boxes = boxes[:, :, 0]
        boxes = tf.ensure_shape(boxes, [None, None, 4])  # graphs with conditions declare none
        boxes = standard(boxes, self.options.order, self.options.units, size)
        scores = activate(own[SCORES], self.options.activation, self.options.background)
        rows = None
        if self.options.suppress:
            corners = self._corners(outputs, size)
            found, rows = self._suppressed(boxes, scores, own.get(CLASSES), corners)
        else:
            found = self._own(boxes, scores, own)
        extras = {name: self._extra(name, outputs, rows, size) for name in self.extras}
        if self.masks is None:
            return {**found, **extras}
        return {**found, **extras, **self.masks(outputs, found, rows)}

    @staticmethod
    def _own(boxes: Tensor, scores: Tensor, own: Outputs) -> Outputs:
        """Return the model's own boxes."""
        count = own.get(COUNT)
        if count is None:
            count = tf.reduce_sum(tf.cast(scores > 0.0, tf.float32), axis=1)
        return {
            BOXES: boxes,
            SCORES: scores,
            CLASSES: tf.cast(own[CLASSES], tf.float32),
            COUNT: tf.reshape(tf.cast(count, tf.float32), [-1]),
        }

    def _corners(self, outputs: Outputs, size: Tensor) -> Tensor | None:
        """Return the corners of all the model's boxes, if they are rotated."""
        return self._extra(CORNERS, outputs, None, size) if CORNERS in self.extras else None

    def _suppressed(
        self, boxes: Tensor, scores: Tensor, classes: Tensor | None, corners: Tensor | None
    ) -> tuple[Outputs, Tensor]:
        """Return the boxes that are kept, and which of the model's each was: ``[N, M]``."""
        options = self.options
        suppression = Suppression(options.max_overlap, options.min_score, options.max_boxes)
        return suppression.with_rows(boxes, scores, classes, corners)

    def _extra(self, name: str, outputs: Outputs, rows: Tensor | None, size: Tensor) -> Tensor:
        values = outputs[self.extras[name]]
        if rows is not None:
            values = picked(values, rows)
        if name in (KEYPOINTS, CORNERS):
            return standard_points(values, self.options.order, self.options.units, size)
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
    if probe[names[BOXES]].ndim == 2:
        rows = {name: value[None] for name, value in probe.items()}
        return replace(detection(rows, options), has_rows=False)
    boxes, scores = probe[names[BOXES]], probe[names[SCORES]]
    _check(boxes, scores, options)
    extras = {name: own for name, own in extras.items() if _belongs(name, probe[own], scores)}
    masks, notes = masks_among(probe, extras.pop(MASKS, None), scores.shape[1], options)
    if KEYPOINTS in extras:
        notes += (
            "the gateway returns boxes without keypoints; --task keypoints makes a pose model",
        )
    columns = _columns(scores, options)
    if options.suppress and columns is not None:
        names.pop(CLASSES, None)
        return Detection(names, extras, options, 0, columns, notes, masks)
    first, classes, reasons = _first_class(options, CLASSES in names)
    return Detection(names, extras, options, first, classes, reasons + notes, masks)


def _own_names(names: tuple[str, ...], probe: Probe) -> dict[str, str]:
    return {name: own for name in names if (own := own_name(name, probe)) is not None}


def _belongs(name: str, extra: Any, scores: Any) -> bool:
    """Return whether an output has an entry for each box."""
    fits = name != CORNERS or extra.shape[2:] == (4, 2)
    return bool(fits and extra.shape[:2] == scores.shape[:2])


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
