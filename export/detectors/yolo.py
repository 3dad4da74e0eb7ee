"""YOLO as Ultralytics exports it: one output with a row or a column for each anchor.

- YOLOv5 (and v3, v7): ``[N, A, 5 + C]``: a box, its objectness, and scores that count as a share of
  it. There are three anchors for each cell.
- YOLOv8 and later: ``[N, 4 + C, A]``: a box and scores. There is one anchor for each cell.

Boxes are center x, center y, width, height. TensorFlow exports give them in 0..1 of the model's
input, conversions from ONNX often in its pixels. Scores are in 0..1. Models that suppress boxes
themselves (v10, 26, or exported with NMS) return other rows, see ``end_to_end``. Those that segment
have 32 further columns: the weights of prototypes, which another output holds. Those for rotated
boxes have a further column with the angle; the upright box around each is served, and its corners.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

import numpy as np
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.detectors.decoder import Candidates, Size
from export.detectors.options import DecodeOptions
from export.detectors.rotated import corners_of
from export.detectors.scores import in_unit_range
from export.detectors.units import recognize_units
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.activation import activate
from export.tasks.boxes import standard
from export.tasks.corners import around
from export.tasks.prototypes import COUNT, PrototypeOutput, Prototypes, prototypes_among
from export.tasks.task import Probe

_STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
_TINY_STRIDES = (16, 32)  # of YOLOv3-tiny, which has three anchors for each cell
_ANCHORS_PER_CELL = {"yolov5": 3, "yolov8": 1}
_BOX_COLUMNS = {"yolov5": 5, "yolov8": 4}
_PERSON_KEYPOINTS = 17, 3
_VERSIONS = {"yolo-obb": "yolov8"}
"""The layouts of families that have only one."""


@dataclass(frozen=True)
class Layout:
    """How an output ``[N, ., .]`` is laid out.

    ``version``: ``yolov5`` or ``yolov8``. ``by_column``: each anchor is a column, not a row.
    ``strides``: of the feature maps that have as many anchors; empty if none have.
    """

    version: str
    by_column: bool
    strides: tuple[int, ...] = ()


@dataclass(frozen=True)
class Yolo:
    """The decoder.

    ``output``: the source's name for it. ``classes``: how many there are. ``prototypes``: where
    those of masks are; None if masks are not served. ``mask_size``: the side of a mask, in cells.
    ``rotated``: the column after the scores has the angles of the boxes.
    """

    output: str
    layout: Layout
    order: str
    units: str
    activation: str
    classes: int
    notes: tuple[str, ...] = ()
    prototypes: PrototypeOutput | None = None
    mask_size: int = 0
    rotated: bool = False
    suppressed: bool = False

    @property
    def masks(self) -> bool:
        return self.prototypes is not None

    def reads(self) -> Collection[str]:
        return (self.output,) if self.prototypes is None else (self.output, self.prototypes.name)

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        rows = tf.cast(outputs[self.output], tf.float32)
        rows = tf.transpose(rows, [0, 2, 1]) if self.layout.by_column else rows
        first = _BOX_COLUMNS[self.layout.version]
        scores = activate(rows[..., first : first + self.classes], self.activation, False)
        if self.layout.version == "yolov5":
            scores *= activate(rows[..., 4:5], self.activation, False)
        if self.rotated:
            corners = corners_of(rows[..., :4], rows[..., first + self.classes], self.units, size)
            return Candidates(around(corners), scores, corners=corners)
        boxes = standard(rows[..., :4], self.order, self.units, size)
        if self.prototypes is None:
            return Candidates(boxes, scores)
        maps = self.prototypes.read(outputs[self.prototypes.name])
        weights = rows[..., first + self.classes :]
        return Candidates(boxes, scores, prototypes=Prototypes(maps, weights, self.mask_size))


def yolo(probe: Probe, options: DecodeOptions, size: Size) -> Yolo:
    """Return the decoder for these outputs. Raise ``SourceError`` if none has a YOLO's shape."""
    name, layout = _output(probe, options, size)
    rows = probe[name].swapaxes(1, 2) if layout.by_column else probe[name]
    first = _BOX_COLUMNS[layout.version]
    columns = rows.shape[-1] - first
    rotated = options.family == "yolo-obb"
    prototypes = prototypes_among(probe) if columns > COUNT and not rotated else None
    classes, notes = _classes(name, columns, options, prototypes)
    _check_scores(name, rows[..., 4 : first + classes], options)
    units, note = recognize_units(name, rows[..., :4], options.units)
    notes = (_describe(name, probe[name], layout), *note, *notes)
    order, activation = options.order or "cxcywh", options.activation or "none"
    return Yolo(
        *(name, layout, order, units, activation, classes, notes),
        prototypes if options.mask_size else None,
        options.mask_size,
        rotated,
    )


def yolo_layout(shape: tuple[int, ...], size: Size) -> Layout | None:
    """Return the layout of an output whose shape has a YOLO's number of anchors."""
    if len(shape) != 3:
        return None
    for axis in (2, 1):
        for version, per_cell in _ANCHORS_PER_CELL.items():
            columns = shape[3 - axis] - _BOX_COLUMNS[version]
            strides = _strides(shape[axis], per_cell, size)
            if strides and columns >= 1:
                return Layout(version, axis == 2, strides)
    return None


def _strides(anchors: int, per_cell: int, size: Size) -> tuple[int, ...]:
    """Return the strides of feature maps that have so many anchors, or nothing."""
    for strides in (*_STRIDES, *([_TINY_STRIDES] if per_cell > 1 else [])):
        cells = sum(-(-size[0] // stride) * -(-size[1] // stride) for stride in strides)
        if anchors == cells * per_cell:
            return strides
    return ()


def _output(probe: Probe, options: DecodeOptions, size: Size) -> tuple[str, Layout]:
    candidates = {name: value for name, value in probe.items() if value.ndim == 3}
    fitting = {
        name: layout
        for name, value in candidates.items()
        if (layout := _layout(value.shape, options, size)) is not None
    }
    if len(fitting) == 1:
        return next(iter(fitting.items()))
    shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
    if len(candidates) == 1 and options.family == "yolo":
        raise SourceError(
            f"{shapes[0]} has the number of anchors of no YOLO at this size; name the version with "
            "--decode yolov5 (boxes have an objectness) or --decode yolov8 (they have none)"
        )
    raise SourceError(
        "--decode yolo needs one output [N,anchors,columns] or [N,columns,anchors]; select it with "
        f"--outputs NAME; the model's outputs: {listed(shapes)}"
    )


def _layout(shape: tuple[int, ...], options: DecodeOptions, size: Size) -> Layout | None:
    """Return the layout by the number of anchors, or by the version that the user names."""
    layout = yolo_layout(shape, size)
    version = _VERSIONS.get(options.family, options.family)
    if options.family == "yolo" or (layout and layout.version == version):
        return layout
    if min(shape[1:]) <= _BOX_COLUMNS[version]:
        return None
    return Layout(version, shape[2] > shape[1])


def _classes(
    name: str, columns: int, options: DecodeOptions, prototypes: PrototypeOutput | None
) -> tuple[int, tuple[str, ...]]:
    """Return how many of the columns after the box are classes, and a note about the others."""
    if prototypes is not None:
        size = options.mask_size
        served = f"which are served in {size}x{size}" if size else "which are not served"
        note = f"the last {COUNT} columns of {name} and {prototypes.name} are for masks, {served}"
        return columns - COUNT, (note,)
    if options.family == "yolo-obb":
        note = f"the last column of {name} is the angle of a box: its corners are served as well"
        return columns - 1, (note,)
    points = prod(options.keypoints or _PERSON_KEYPOINTS)
    if options.class_count is not None and columns == options.class_count + points:
        note = f"the last {points} columns of {name} are keypoints (--decode yolo-pose)"
        return options.class_count, (note,)
    return columns, ()


def _check_scores(name: str, scores: np.ndarray, options: DecodeOptions) -> None:
    if options.activation is None and not in_unit_range(scores):
        raise SourceError(
            f"the scores in {name} range from {scores.min():.3g} to {scores.max():.3g} instead of "
            "0..1; if these are logits, add --activation sigmoid; if the model also returns "
            "keypoints, add --labels FILE, so that their columns are known, or --decode yolo-pose; "
            "if the last column is the angle of a box, add --decode yolo-obb"
        )


def _describe(name: str, values: np.ndarray, layout: Layout) -> str:
    shape = ",".join(map(str, values.shape[1:]))
    form = "YOLOv5, with objectness" if layout.version == "yolov5" else "YOLOv8 or later"
    cells = f", strides {', '.join(map(str, layout.strides))}" if layout.strides else ""
    return f"{name} [N,{shape}] is read as {form}{cells}"
