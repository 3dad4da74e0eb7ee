"""Poses as a YOLO returns them: a box, a score for each class, and the keypoints.

The output has a row or a column for each anchor, ``[N, 4 + C + 3K, A]``, as of YOLOv8; or a row
for each pose that the model has not suppressed itself, ``[N, M, 6 + 3K]``: box, score and class
(YOLO26, and exports with NMS). A keypoint is x, y and score, or only x and y. It becomes a pose
model: boxes only serve to suppress poses that are found twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import POSE_SCORES, POSES, Outputs, Tensor
from export.detectors.columns import ULTRALYTICS, width
from export.detectors.decoder import Size
from export.detectors.nms import Limits, best_rows, kept_boxes
from export.detectors.options import DecodeOptions
from export.detectors.ultralytics import are_suppressed
from export.detectors.units import recognize_units, units_of_rows
from export.errors import SourceError
from export.suggestions import listed
from export.tasks import coco_person
from export.tasks.boxes import standard, standard_points
from export.tasks.keypoints import chosen_skeleton
from export.tasks.suppression import picked
from export.tasks.task import Edge, Probe

_BOX = 4
_PERSON = len(coco_person.POINTS)
_FEWEST = 3
"""Of keypoints; with fewer, the columns are more likely those of masks or classes."""
_SIZES = (3, 2)
"""How many values a keypoint can have."""


@dataclass(frozen=True)
class Layout:
    """How the rows of poses are laid out.

    ``by_column``: each anchor is a column, not a row. ``kinds``: how many columns have the scores
    of classes, of which the best counts. ``start``: the first column of keypoints. ``count``: how
    many there are, with ``values`` each. ``suppressed``: rows are detections, not anchors.
    """

    by_column: bool
    kinds: int
    start: int
    count: int
    values: int = 3
    suppressed: bool = False


@dataclass(frozen=True)
class YoloPose:
    """A pose model that is decoded in the graph. ``output``: the source's name for it."""

    output: str
    layout: Layout
    units: str
    limits: Limits
    skeleton: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    name: str = "keypoints"
    first_class: int = 0

    @property
    def classes(self) -> int | None:
        return self.layout.count

    @property
    def labels(self) -> tuple[str, ...]:
        return coco_person.POINTS if self.layout.count == _PERSON else ()

    @property
    def details(self) -> dict[str, Any]:
        return {"skeleton": [list(edge) for edge in self.skeleton]}

    def reads(self) -> Collection[str]:
        return (self.output,)

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        rows = tf.cast(outputs[self.output], tf.float32)
        rows = tf.transpose(rows, [0, 2, 1]) if self.layout.by_column else rows
        scores = tf.reduce_max(rows[..., _BOX : _BOX + self.layout.kinds], axis=-1)
        kept, counts = self._kept(rows, scores, size)
        valid = tf.sequence_mask(counts, self.limits.max_boxes, tf.float32)
        rows, scores = picked(rows, kept), picked(scores, kept)
        points = self._points(rows[..., self.layout.start :], size)
        return {POSES: points * valid[..., None, None], POSE_SCORES: scores * valid}

    def _kept(self, rows: Tensor, scores: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Return which rows are kept, ``[N, P]``, and how many."""
        if self.layout.suppressed:
            return best_rows(scores, self.limits)
        boxes = standard(rows[..., :_BOX], "cxcywh", self.units, size)
        return kept_boxes(boxes, scores, self.limits)

    def _points(self, flat: Tensor, size: Tensor) -> Tensor:
        """Return ``[N, P, K, 3]``, y, x and score, of ``[N, P, values * K]``, x first."""
        shape = [-1, self.limits.max_boxes, self.layout.count, self.layout.values]
        points = tf.reshape(flat, shape)
        moved = standard_points(points[..., :2], "xyxy", self.units, size)
        scores = points[..., 2:] if self.layout.values > 2 else tf.ones_like(points[..., :1])
        return tf.concat([moved, scores], axis=-1)


def yolo_pose(probe: Probe, options: DecodeOptions, size: Size) -> YoloPose:
    """Return the task for these outputs. Raise ``SourceError`` if none has such columns.

    ``size``: height and width of the model's input.
    """
    fitting = {name: value for name, value in probe.items() if value.ndim == 3}
    if len(fitting) != 1:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "--decode yolo-pose needs one output [N,columns,anchors], [N,anchors,columns] or "
            f"[N,M,6+3K]; select it with --outputs NAME; the model's outputs: {listed(shapes)}"
        )
    [(name, value)] = fitting.items()
    layout = _layout(name, value, options, are_suppressed(probe, size))
    rows = value.swapaxes(1, 2) if layout.by_column else value
    _check_scores(name, rows, layout)
    if layout.suppressed:
        units, note = units_of_rows(name, rows, ULTRALYTICS, options.units)
    else:
        units, note = recognize_units(name, rows[..., :_BOX], options.units)
    limits = Limits(options.max_overlap, options.min_score, options.max_boxes)
    skeleton = chosen_skeleton(options.skeleton, layout.count)
    return YoloPose(name, layout, units, limits, skeleton, (_describe(name, value, layout), *note))


def _layout(name: str, value: np.ndarray, options: DecodeOptions, suppressed: bool) -> Layout:
    if suppressed:
        columns, start = value.shape[2], width(ULTRALYTICS)
        count, values = _keypoints(columns - start, options)
        kinds = 1
    else:
        columns = min(value.shape[1:])
        kinds, count, values = _columns(columns - _BOX, options)
        start = _BOX + kinds
    if kinds < 1 or count < (_FEWEST if options.keypoints is None else 1):
        raise SourceError(f"{name} has {columns} columns, which do not fit {_expected(options)}")
    by_column = not suppressed and value.shape[2] > value.shape[1]
    return Layout(by_column, kinds, start, count, values, suppressed)


def _expected(options: DecodeOptions) -> str:
    named = options.class_count
    if options.keypoints is not None:
        count, values = options.keypoints
        return (
            f"a box, {named} classes and {count} keypoints of {values} values each, as --labels "
            "says; is it the file of another model?"
        )
    labels = f" for {named} labels" if named else "; name the keypoints with --labels FILE"
    return f"a box, classes and keypoints{labels}"


def _keypoints(rest: int, options: DecodeOptions) -> tuple[int, int]:
    """Return how many keypoints ``rest`` columns are, and how many values each has."""
    if options.keypoints is not None:
        count, values = options.keypoints
        return (count, values) if rest == count * values else (0, 0)
    named = options.class_count
    for values in _SIZES:
        if rest == values * named if named else rest % values == 0:
            return rest // values, values
    return 0, 0


def _columns(rest: int, options: DecodeOptions) -> tuple[int, int, int]:
    """Return how many classes and keypoints there are, and how many values a keypoint has."""
    named = options.class_count
    if options.keypoints is not None:
        count, values = options.keypoints
        return (named or 0 if rest == (named or 0) + count * values else 0), count, values
    if named:
        if rest == 1 + 2 * named:
            return 1, named, 2
        return rest - 3 * named, named, 3
    if (rest - 1) % 3 == 0:
        return 1, (rest - 1) // 3, 3
    return rest - 3 * _PERSON, _PERSON, 3


def _check_scores(name: str, rows: np.ndarray, layout: Layout) -> None:
    scores = rows[..., _BOX : _BOX + layout.kinds]
    if layout.values > 2:
        scores = np.concatenate([scores, rows[..., layout.start + 2 :: 3]], axis=-1)
    if scores.min(initial=0) < 0 or scores.max(initial=0) > 1 + 1e-3:
        raise SourceError(
            f"the columns of {name} for scores range from {scores.min():.3g} to {scores.max():.3g} "
            "instead of 0..1: these are not poses of YOLOv8 or later, or the keypoints have no "
            "scores; in that case, name the keypoints with --labels FILE"
        )


def _describe(name: str, value: np.ndarray, layout: Layout) -> str:
    rows = ", one a row, already suppressed" if layout.suppressed else ""
    scores = "" if layout.values > 2 else " without scores"
    return (
        f"{name} {list(value.shape[1:])} is read as poses of {layout.count} keypoints{scores}, "
        f"with a box{rows}"
    )
