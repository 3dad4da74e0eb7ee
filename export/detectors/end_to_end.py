"""Detectors that suppress boxes themselves: a row for each detection.

- ``[N, M, 6]``: box, score, class: YOLOv10, YOLO26, and Ultralytics' exports with NMS.
- ``[N, M, 6 + P]``: the same with the weights of ``P`` prototypes, which another output holds.
- ``[N, M, 7]`` with the angle of the box: Ultralytics' rotated boxes, each served as its corners
  and the upright box around them.
- ``[N, M, 7]`` with the image's number first, in the orders of EfficientDet (box, score, class),
  Caffe's DetectionOutput (class, score, box) and others.
- ``[M, 7]`` or ``[1, 1, M, 7]``: the rows of all images in one table, served one image at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.detectors import columns as tables
from export.detectors.columns import ULTRALYTICS, Columns
from export.detectors.decoder import Candidates, Size
from export.detectors.options import DecodeOptions
from export.detectors.rotated import corners_of
from export.detectors.scores import in_unit_range
from export.detectors.units import units_of_rows
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.activation import activate
from export.tasks.boxes import standard
from export.tasks.corners import around
from export.tasks.prototypes import PrototypeOutput, Prototypes, prototypes_among
from export.tasks.task import Probe


@dataclass(frozen=True)
class EndToEnd:
    """The decoder.

    ``output``: the source's name for it. ``columns``: what its columns are. ``prototypes``: where
    those of masks are; None if masks are not served. ``mask_size``: the side of a mask, in cells.
    """

    output: str
    columns: Columns
    order: str
    units: str
    activation: str = "none"
    notes: tuple[str, ...] = ()
    prototypes: PrototypeOutput | None = None
    mask_size: int = 0
    classes: int | None = None
    suppressed: bool = True

    @property
    def masks(self) -> bool:
        return self.prototypes is not None

    def reads(self) -> Collection[str]:
        return (self.output,) if self.prototypes is None else (self.output, self.prototypes.name)

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        rows = self._rows(outputs[self.output])
        at = tables.positions(self.columns)
        scores = activate(rows[..., at["score"]], self.activation, False)
        classes = rows[..., at["class"]]
        valid = tf.reduce_any(rows != 0.0, axis=-1) & (classes >= 0.0)
        if "batch" in at:
            valid &= rows[..., at["batch"]] >= 0.0
        scores = tf.where(valid, scores, 0.0)
        boxes = rows[..., at["box"] : at["box"] + 4]
        if "angle" in at:
            corners = corners_of(boxes, rows[..., at["angle"]], self.units, size)
            return Candidates(around(corners), scores, classes, corners=corners)
        boxes = standard(boxes, self.order, self.units, size)
        if self.prototypes is None:
            return Candidates(boxes, scores, classes)
        maps = self.prototypes.read(outputs[self.prototypes.name])
        weights = rows[..., tables.width(self.columns) :]
        return Candidates(boxes, scores, classes, Prototypes(maps, weights, self.mask_size))

    @staticmethod
    def _rows(values: Tensor) -> Tensor:
        """Return the rows of each image, ``[N, M + 1, columns]``; the last one is unused."""
        rows = tf.cast(values, tf.float32)
        if rows.shape.rank != 3:  # one table, for one image
            rows = tf.reshape(rows, [1, -1, rows.shape[-1]])
        return tf.pad(rows, [[0, 0], [0, 1], [0, 0]])


def end_to_end(
    probe: Probe, options: DecodeOptions, size: Size, assumed: Columns | None = None
) -> EndToEnd:
    """Return the decoder for these outputs. Raise ``SourceError`` if none has such rows.

    ``assumed``: what the columns are if neither options nor values say.
    """
    name, rows = _output(probe, options)
    columns, notes = _columns(name, rows, options, assumed)
    end = tables.width(columns)
    _check_scores(name, rows, columns, options)
    prototypes = prototypes_among(probe, rows.shape[-1] - end) if rows.shape[-1] > end else None
    units, note = units_of_rows(name, rows, columns, options.units)
    notes += (*note, *_rest(name, rows.shape[-1] - end, prototypes, options))
    order, activation = options.order or "xyxy", options.activation or "none"
    return EndToEnd(
        *(name, columns, order, units, activation, notes),
        prototypes if options.mask_size else None,
        options.mask_size,
    )


def _output(probe: Probe, options: DecodeOptions) -> tuple[str, np.ndarray]:
    short = [name for name, value in probe.items() if tables.holds_rows(value)]
    long = [name for name, value in probe.items() if tables.holds_long_rows(value)]
    found = short or long
    if len(found) != 1:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            f"--decode {options.family} needs one output [N,M,6] or [N,M,7], or [N,M,6+P] with the "
            "weights of masks; select it with --outputs NAME; the model's outputs: "
            f"{listed(shapes)}"
        )
    return found[0], probe[found[0]]


def _columns(
    name: str, rows: np.ndarray, options: DecodeOptions, assumed: Columns | None
) -> tuple[Columns, tuple[str, ...]]:
    """Return what the columns are, and a note about it."""
    columns, told = options.columns, "as given"
    if columns is None:
        columns, told = _recognized(name, rows, options, assumed)
    values = tables.width(columns)
    if values > rows.shape[-1] or (values < rows.shape[-1] and not tables.holds_long_rows(rows)):
        raise SourceError(
            f"--columns {','.join(columns)} are {values} values, but the rows of {name} have "
            f"{rows.shape[-1]}"
        )
    return columns, (f"columns of {name}: {', '.join(columns)} ({told})",)


def _recognized(
    name: str, rows: np.ndarray, options: DecodeOptions, assumed: Columns | None
) -> tuple[Columns, str]:
    if options.activation not in (None, "none"):
        raise SourceError("--activation also needs --columns, since these rows have no scores yet")
    table = tables.beginning(rows)
    found = tables.fitting(table)
    if table is not rows:
        found = [one for one in found if one == ULTRALYTICS]
    if len(found) == 1:
        return found[0], "recognized; override this with --columns"
    if assumed is not None and tables.found_nothing(rows):
        return assumed, "as Ultralytics has them, since nothing was found in these images"
    choices = [",".join(one) for one in found or tables.known(table.shape[-1])]
    reason = "several orders are possible" if found else "they fit no known order"
    raise SourceError(
        f"what the columns of {name} are cannot be recognized from its rows: {reason}; add "
        f"--columns {' or --columns '.join(choices)}, or give images in which the model finds "
        "something with --pictures"
    )


def _check_scores(name: str, rows: np.ndarray, columns: Columns, options: DecodeOptions) -> None:
    scores = tables.used_rows(rows, columns)[:, tables.positions(columns)["score"]]
    if options.activation is None and len(scores) and not in_unit_range(scores):
        raise SourceError(
            f"the scores in {name} range from {scores.min():.3g} to {scores.max():.3g} instead of "
            "0..1; if these are logits, add --activation sigmoid"
        )


def _rest(
    name: str, values: int, prototypes: PrototypeOutput | None, options: DecodeOptions
) -> tuple[str, ...]:
    """Return a note about the ``values`` behind the columns, if there are any."""
    if not values:
        return ()
    behind = f"the last {values} columns of {name}"
    if prototypes is not None:
        size = options.mask_size
        served = f"are served in {size}x{size}" if size else "are not served"
        return (f"{behind} and {prototypes.name} are for masks, which {served}",)
    if values % 3 == 0 or values % 2 == 0:
        return (f"{behind} are not served; if they are keypoints, --decode yolo-pose serves them",)
    return (f"{behind} are not served",)
