"""Detectors that suppress boxes themselves: a row for each detection.

- ``[N, M, 6]``: box, score, class: YOLOv10, YOLO26, and Ultralytics' exports with NMS.
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
from export.detectors.decoder import Candidates, Size
from export.detectors.options import DecodeOptions
from export.detectors.scores import in_unit_range
from export.detectors.units import recognize_units
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.boxes import standard
from export.tasks.task import Probe

Columns = tuple[str, ...]

_SIX: tuple[Columns, ...] = (
    ("box", "score", "class"),
    ("box", "class", "score"),
    ("class", "score", "box"),
)
_KNOWN: tuple[Columns, ...] = (*_SIX, *(("batch", *columns) for columns in _SIX))
_WIDTH = {"box": 4}


@dataclass(frozen=True)
class EndToEnd:
    """The decoder. ``output``: the source's name for it. ``columns``: what its columns are."""

    output: str
    columns: Columns
    order: str
    units: str
    notes: tuple[str, ...] = ()
    classes: int | None = None
    suppressed: bool = True
    masks: bool = False

    def reads(self) -> Collection[str]:
        return (self.output,)

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        rows = tf.cast(outputs[self.output], tf.float32)
        if rows.shape.rank != 3:  # one table, for one image
            rows = tf.reshape(rows, [1, -1, rows.shape[-1]])
        at = _positions(self.columns)
        scores, classes = rows[..., at["score"]], rows[..., at["class"]]
        valid = classes >= 0.0  # unused rows may have the class or the image -1
        if "batch" in at:
            valid &= rows[..., at["batch"]] >= 0.0
        boxes = standard(rows[..., at["box"] : at["box"] + 4], self.order, self.units, size)
        return Candidates(boxes, tf.where(valid, scores, 0.0), classes)


def end_to_end(probe: Probe, options: DecodeOptions, size: Size) -> EndToEnd:
    """Return the decoder for these outputs. Raise ``SourceError`` if none has such rows."""
    name, rows = _output(probe, options)
    columns = options.columns or _recognize_columns(name, rows)
    if _width(columns) != rows.shape[-1]:
        raise SourceError(
            f"--columns {','.join(columns)} are {_width(columns)} values, but the rows of {name} "
            f"have {rows.shape[-1]}"
        )
    at = _positions(columns)
    used = rows[rows[..., at["score"]] > 0.0]
    units, notes = recognize_units(name, used[..., at["box"] : at["box"] + 4], options.units)
    told = "as given" if options.columns else "recognized; override this with --columns"
    notes = (f"columns of {name}: {', '.join(columns)} ({told})", *notes)
    return EndToEnd(name, columns, options.order or "xyxy", units, notes)


def fitting_columns(rows: np.ndarray) -> list[Columns]:
    """Return the known orders of columns that the values allow, ``[..., M, 6 or 7]``."""
    return [one for one in _KNOWN if _width(one) == rows.shape[-1] and _fits(rows, one)]


def holds_rows(value: np.ndarray) -> bool:
    """Return whether an output has the shape of detections."""
    is_table = value.ndim in (2, 3) or (value.ndim == 4 and value.shape[:2] == (1, 1))
    return is_table and value.shape[-1] in (6, 7) and value.dtype.kind == "f"


def _output(probe: Probe, options: DecodeOptions) -> tuple[str, np.ndarray]:
    tables = [name for name, value in probe.items() if holds_rows(value)]
    if len(tables) != 1:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "--decode end-to-end needs one output [N,M,6] or [N,M,7]; select it with --outputs "
            f"NAME; the model's outputs: {listed(shapes)}"
        )
    return tables[0], probe[tables[0]]


def _recognize_columns(name: str, rows: np.ndarray) -> Columns:
    fitting = fitting_columns(rows)
    if len(fitting) == 1:
        return fitting[0]
    known = [",".join(one) for one in fitting or _KNOWN if _width(one) == rows.shape[-1]]
    reason = "several orders are possible" if fitting else "they fit no known order"
    raise SourceError(
        f"what the columns of {name} are cannot be recognized from its rows: {reason}; add "
        f"--columns {' or --columns '.join(known)}, or give images in which the model finds "
        "something with --pictures"
    )


def _fits(rows: np.ndarray, columns: Columns) -> bool:
    at = _positions(columns)
    rows = rows.reshape(-1, rows.shape[-1])
    used = rows[np.abs(rows).sum(axis=-1) > 0.0]
    scores, classes = used[:, at["score"]], used[:, at["class"]]
    if not len(used) or not in_unit_range(scores) or _is_integral(scores):
        return False
    if "batch" in at and not _is_integral(used[:, at["batch"]]):
        return False
    return _is_integral(classes) and bool((classes >= -1).all())


def _is_integral(values: np.ndarray) -> bool:
    return bool((values == np.round(values)).all())


def _positions(columns: Columns) -> dict[str, int]:
    """Return where each column begins."""
    return {name: _width(columns[:at]) for at, name in enumerate(columns)}


def _width(columns: Columns) -> int:
    return sum(_WIDTH.get(name, 1) for name in columns)
