"""Pose models: the keypoints of people, hands or other objects."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import (
    KEYPOINT_SCORES,
    KEYPOINTS,
    POSE_SCORES,
    POSES,
    SCORES,
    Outputs,
    Tensor,
)
from export.errors import SourceError
from export.suggestions import listed
from export.tasks import coco_person
from export.tasks.activation import activate
from export.tasks.boxes import standard_points
from export.tasks.detection import own_name
from export.tasks.heatmaps import peaks
from export.tasks.task import Edge, Probe, TaskOptions

_NAME = re.compile(
    r"keypoint|(?<!trans)(?<!com)(?<!pur)(?<!ex)(?<!sup)pose|landmark|joint", re.IGNORECASE
)
"""Layers are often called after what they do, such as ``conv2d_transpose``."""
_PERSON = len(coco_person.POINTS)
_ROW = 3 * _PERSON + 5
"""The columns of MoveNet MultiPose: y, x and score of each point, then a box and a score."""
_MOST_POSES = 20
"""An output with more is an image, or a table of something else."""
_FEWEST = 2
"""Keypoints in a row ``[N, 2K]``."""
_LEAST_SIDE = 8
"""Of a heat map; what is smaller is a table."""
_FARTHEST = 4.0
"""Coordinates beyond this are in pixels."""


@dataclass(frozen=True)
class Layout:
    """Where a source has its poses.

    ``own``: its name for points ``[N, P, K, 3]`` or, for one pose, ``[N, K, 3]``; if ``rows``, for
    ``[N, P, 3K + 5]``, whose last column is the score of the pose; with ``point_scores``
    ``[N, P, K]`` and ``pose_scores`` ``[N, P]``, for ``[N, P, K, 2]``. ``count``: K.
    ``heat``: for a heat map for each point, ``[N, h, w, K]``. ``unscored``: for points of one pose
    without scores, ``[N, K, 2]`` or ``[N, 2K]``.
    """

    own: str
    count: int
    rows: bool = False
    point_scores: str | None = None
    pose_scores: str | None = None
    heat: bool = False
    unscored: bool = False

    def names(self) -> Collection[str]:
        names = (self.own, self.point_scores, self.pose_scores)
        return [name for name in names if name is not None]

    def read(self, outputs: Any) -> tuple[Tensor, Tensor | None]:
        """Return points ``[N, P, K, 3]`` and the scores of poses ``[N, P]``, if it has them."""
        values, *scores = (tf.cast(outputs[name], tf.float32) for name in self.names())
        if scores:
            return tf.concat([values, scores[0][..., None]], axis=-1), scores[1]
        if self.heat:
            return peaks(values, self.count), None
        if self.unscored:
            points = tf.reshape(values, [-1, 1, self.count, 2])
            return tf.concat([points, tf.ones_like(points[..., :1])], axis=-1), None
        if not self.rows:
            return (values[:, None] if values.shape.rank == 3 else values), None
        shape = tf.concat([tf.shape(values)[:2], [self.count, 3]], axis=0)
        return tf.reshape(values[..., : 3 * self.count], shape), values[..., -1]


@dataclass(frozen=True)
class Keypoints:
    """A pose model. ``skeleton``: pairs of points, by number, that a line joins."""

    layout: Layout
    options: TaskOptions
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
        return self.layout.names()

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        points, scores = self.layout.read(outputs)
        certainty = points[..., 2:]
        if not self.layout.unscored:
            certainty = activate(certainty, self.options.activation, background=False)
        order, units = self.options.order, self.options.units
        if self.layout.heat:  # already in the contract's form
            order, units = "yxyx", "normalized"
        points = tf.concat([standard_points(points[..., :2], order, units, size), certainty], -1)
        poses = {POSES: tf.ensure_shape(points, [None, None, self.layout.count, 3])}
        return poses if scores is None else {**poses, POSE_SCORES: scores}


def keypoints(probe: Probe, options: TaskOptions) -> Keypoints:
    """Return the task for these outputs. Raise ``SourceError`` if none contains poses."""
    layout = poses_among(probe, options.task is not None)
    if layout is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a pose model needs one output [N,P,K,3], [N,K,3], [N,K,2], [N,2K], [N,P,56] or "
            "[N,h,w,K], or a detector's keypoints and scores; select them with --outputs "
            f"keypoints=TENSOR; the model's outputs: {listed(shapes)}"
        )
    if options.activation == "softmax":
        raise SourceError("the scores of keypoints are independent: use --activation sigmoid")
    _check_units(layout, probe, options)
    skeleton = chosen_skeleton(options.skeleton, layout.count)
    return Keypoints(layout, options, skeleton, (_describe(layout, probe, options),))


def chosen_skeleton(skeleton: tuple[Edge, ...] | None, count: int) -> tuple[Edge, ...]:
    """Return the user's skeleton, otherwise a person's if there are as many points.

    Raise ``SourceError`` if it joins a point that is not there.
    """
    if skeleton is None:
        return coco_person.SKELETON if count == _PERSON else ()
    farthest = max((max(edge) for edge in skeleton), default=0)
    if farthest >= count:
        raise SourceError(f"--skeleton joins point {farthest}, but there are {count}, from 0 on")
    return skeleton


def poses_among(probe: Probe, is_asked: bool = False) -> Layout | None:
    """Return where the poses are: by name, otherwise by a person's number of keypoints.

    ``is_asked``: the user says that there are some, so any shape that fits will do.
    """
    split = _of_detector(probe)
    if split is not None:
        return split
    layouts = [
        one for name, value in probe.items() if (one := _layout(name, value, is_asked)) is not None
    ]
    named = [layout for layout in layouts if _NAME.search(layout.own)]
    if len(named or layouts) != 1:
        return None
    [layout] = named or layouts
    is_known = layout.count == _PERSON and not (layout.heat or layout.unscored)
    return layout if named or is_asked or is_known else None


def _of_detector(probe: Probe) -> Layout | None:
    """Return where a detector has keypoints for each box, as TensorFlow's detection models do."""
    names = [own_name(name, probe) for name in (KEYPOINTS, KEYPOINT_SCORES, SCORES)]
    shapes = [probe[name].shape if name else () for name in names]
    points, each, poses = shapes
    if len(points) != 4 or points != (*each, 2) or poses != points[:2]:
        return None
    own, point_scores, pose_scores = names
    assert own is not None
    return Layout(own, points[2], False, point_scores, pose_scores)


def _layout(name: str, value: np.ndarray, is_asked: bool) -> Layout | None:
    shape = value.shape
    if value.dtype.kind != "f" or len(shape) not in (2, 3, 4):
        return None
    if len(shape) == 2:
        is_row = is_asked and shape[1] % 2 == 0 and shape[1] >= 2 * _FEWEST
        return Layout(name, shape[1] // 2, unscored=True) if is_row else None
    if len(shape) == 3 and shape[2] == 2 and shape[1] > 1:
        return Layout(name, shape[1], unscored=True)
    if len(shape) == 3 and shape[2] == _ROW and shape[1] <= _MOST_POSES:
        return Layout(name, _PERSON, rows=True)
    is_one = len(shape) == 3 or shape[1] <= _MOST_POSES
    if is_one and shape[-1] == 3 and shape[-2] > 1:
        return Layout(name, shape[-2])
    is_map = len(shape) == 4 and min(shape[1:3]) >= _LEAST_SIDE
    return Layout(name, shape[3], heat=True) if is_map else None


def _check_units(layout: Layout, probe: Probe, options: TaskOptions) -> None:
    points, _ = layout.read(probe)
    farthest = float(np.abs(points[..., :2].numpy()).max(initial=0.0))
    if options.units == "normalized" and farthest > _FARTHEST:
        raise SourceError(
            f"the coordinates in {layout.own} reach {farthest:.4g}; if they are pixels of the "
            "model's input, add --box-units pixels"
        )


def _describe(layout: Layout, probe: Probe, options: TaskOptions) -> str:
    shape = list(probe[layout.own].shape[1:])
    order = "y, x" if options.order == "yxyx" else "x, y"
    why = "--task" if options.task else "its name" if _NAME.search(layout.own) else "its shape"
    if layout.heat:
        return (
            f"{layout.own} {shape} is read as heat maps of {layout.count} keypoints of one pose, "
            f"because of {why}"
        )
    order += ", without scores" if layout.unscored else ", score"
    return (
        f"{layout.own} {shape} is read as poses of {layout.count} keypoints ({order}), "
        f"because of {why}; --box-order xyxy swaps x and y, --task tensors serves it as it is"
    )
