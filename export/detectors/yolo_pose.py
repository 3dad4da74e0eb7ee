"""Poses as a YOLO returns them: a box, a score for each class, and each keypoint's x, y and score.

The output is ``[N, 4 + C + 3K, A]``, in either orientation, as of YOLOv8. It becomes a pose model:
boxes only serve to suppress poses that are found twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import POSE_SCORES, POSES, Outputs, Tensor
from export.detectors.nms import Limits, kept_boxes
from export.detectors.options import DecodeOptions
from export.detectors.units import recognize_units
from export.errors import SourceError
from export.suggestions import listed
from export.tasks import coco_person
from export.tasks.boxes import standard, standard_points
from export.tasks.keypoints import chosen_skeleton
from export.tasks.task import Edge, Probe

_BOX = 4
_PERSON = len(coco_person.POINTS)
_FEWEST = 3
"""Of keypoints; with fewer, the columns are more likely those of masks or classes."""


@dataclass(frozen=True)
class YoloPose:
    """A pose model that is decoded in the graph.

    ``output``: the source's name for it. ``by_column``: each anchor is a column, not a row.
    ``kinds``: how many classes poses have, of which the best counts. ``count``: keypoints.
    """

    output: str
    by_column: bool
    kinds: int
    count: int
    units: str
    limits: Limits
    skeleton: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    name: str = "keypoints"
    first_class: int = 0

    @property
    def classes(self) -> int | None:
        return self.count

    @property
    def labels(self) -> tuple[str, ...]:
        return coco_person.POINTS if self.count == _PERSON else ()

    @property
    def details(self) -> dict[str, Any]:
        return {"skeleton": [list(edge) for edge in self.skeleton]}

    def reads(self) -> Collection[str]:
        return (self.output,)

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        rows = tf.cast(outputs[self.output], tf.float32)
        rows = tf.transpose(rows, [0, 2, 1]) if self.by_column else rows
        scores = tf.reduce_max(rows[..., _BOX : _BOX + self.kinds], axis=-1)
        boxes = standard(rows[..., :_BOX], "cxcywh", self.units, size)
        kept, counts = kept_boxes(boxes, scores, self.limits)
        valid = tf.sequence_mask(counts, self.limits.max_boxes, tf.float32)
        rows, scores = (tf.gather(values, kept, batch_dims=1) for values in (rows, scores))
        points = self._points(rows[..., _BOX + self.kinds :], size)
        return {POSES: points * valid[..., None, None], POSE_SCORES: scores * valid}

    def _points(self, flat: Tensor, size: Tensor) -> Tensor:
        """Return ``[N, P, K, 3]``, y, x and score, of ``[N, P, 3K]``, x, y and score."""
        points = tf.reshape(flat, [-1, self.limits.max_boxes, self.count, 3])
        moved = standard_points(points[..., :2], "xyxy", self.units, size)
        return tf.concat([moved, points[..., 2:]], axis=-1)


def yolo_pose(probe: Probe, options: DecodeOptions) -> YoloPose:
    """Return the task for these outputs. Raise ``SourceError`` if none has such columns."""
    fitting = {name: value for name, value in probe.items() if value.ndim == 3}
    if len(fitting) != 1:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "--decode yolo-pose needs one output [N,columns,anchors] or [N,anchors,columns]; "
            f"select it with --outputs NAME; the model's outputs: {listed(shapes)}"
        )
    [(name, value)] = fitting.items()
    by_column = value.shape[2] > value.shape[1]
    rows = value.swapaxes(1, 2) if by_column else value
    kinds, count = _columns(name, rows.shape[2], options.class_count)
    _check_scores(name, rows, kinds)
    units, note = recognize_units(name, rows[..., :_BOX], options.units)
    limits = Limits(options.max_overlap, options.min_score, options.max_boxes)
    skeleton = chosen_skeleton(options.skeleton, count)
    about = f"{name} {list(value.shape[1:])} is read as poses of {count} keypoints, with a box"
    return YoloPose(name, by_column, kinds, count, units, limits, skeleton, (about, *note))


def _columns(name: str, columns: int, named: int | None) -> tuple[int, int]:
    """Return how many classes and keypoints there are. ``named``: how many labels there are."""
    rest = columns - _BOX
    if named:
        kinds, count = rest - 3 * named, named
    elif (rest - 1) % 3 == 0:
        kinds, count = 1, (rest - 1) // 3
    else:
        kinds, count = rest - 3 * _PERSON, _PERSON
    if kinds < 1 or count < _FEWEST:
        raise SourceError(
            f"{name} has {columns} columns, which do not fit a box, classes and keypoints"
            f"{f' for {named} labels' if named else '; name the keypoints with --labels FILE'}"
        )
    return kinds, count


def _check_scores(name: str, rows: np.ndarray, kinds: int) -> None:
    scores = np.concatenate([rows[..., _BOX : _BOX + kinds], rows[..., _BOX + kinds + 2 :: 3]], -1)
    if scores.min(initial=0) < 0 or scores.max(initial=0) > 1 + 1e-3:
        raise SourceError(
            f"the columns of {name} for scores range from {scores.min():.3g} to {scores.max():.3g} "
            "instead of 0..1: these are not poses of YOLOv8 or later"
        )
