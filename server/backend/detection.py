"""TensorFlow's detection outputs -> boxes as the wire has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.contract import DetectionOutputs
from server.backend.pixels import WHOLE, Placement
from server.core.answers import Detections
from server.core.errors import ModelFailed

Array = np.ndarray[Any, Any]

# A hundred-thousandth of a frame is below a pixel, and short to write.
_DIGITS = 5


def detections(
    outputs: DetectionOutputs,
    found: Mapping[str, Array],
    placements: Sequence[Placement] | None = None,
) -> list[Detections]:
    """One :class:`Detections` a row, best score first, boxes clipped to the frame.

    The whole batch is turned round at once, in few steps, since each step of numpy
    costs a lone frame as much as a full batch. What is not finite is left out.
    Raises ModelFailed if the shapes do not belong together.
    """
    boxes, scores, classes = (found[n] for n in (outputs.boxes, outputs.scores, outputs.classes))
    _check(boxes, scores, classes)
    counts = _counts(outputs, found, scores)
    most = max(counts, default=0)
    table = _table(boxes[:, :most], scores[:, :most], classes[:, :most])
    finite = np.isfinite(table)
    tidy = bool(finite.all() and (table[:, 1:, 4] <= table[:, :-1, 4]).all())
    if not tidy:  # marked before infinite edges are clipped to the frame's
        table[~finite.all(axis=2)] = np.nan
    with np.errstate(invalid="ignore"):
        _place(table[:, :, :4], placements)
    rows = zip(np.round(table, _DIGITS).tolist(), counts, strict=True)
    return [_row(entries[:count], outputs.first_class, tidy) for entries, count in rows]


def _check(boxes: Array, scores: Array, classes: Array) -> None:
    fits = scores.ndim == 2 and classes.shape == scores.shape and boxes.shape == (*scores.shape, 4)
    if not fits or object in (boxes.dtype, scores.dtype, classes.dtype):
        raise ModelFailed(
            f"boxes {list(boxes.shape)}, scores {list(scores.shape)} and classes "
            f"{list(classes.shape)} do not belong together"
        )


def _counts(outputs: DetectionOutputs, found: Mapping[str, Array], scores: Array) -> list[int]:
    rows, columns = scores.shape
    if outputs.count is None:
        return [columns] * rows
    counts = found[outputs.count]
    if counts.size != rows or counts.dtype == object:
        raise ModelFailed(f"{outputs.count} has shape {list(counts.shape)} for a batch of {rows}")
    # Nothing is larger than NaN, and NaN is larger than nothing.
    return [int(min(count, columns)) if count > 0 else 0 for count in counts.reshape(-1).tolist()]


def _table(boxes: Array, scores: Array, classes: Array) -> Array:
    """[N,K,6] of float64: x0, y0, x1, y1, score, class, from [ymin,xmin,ymax,xmax]."""
    table = np.empty((*scores.shape, 6))
    table[:, :, 0:2] = boxes[:, :, 1::-1]
    table[:, :, 2:4] = boxes[:, :, 3:1:-1]
    table[:, :, 4] = scores
    table[:, :, 5] = classes
    return table


def _place(boxes: Array, placements: Sequence[Placement] | None) -> None:
    """From the model's input to the frame, and clipped to it; in place."""
    if placements is not None and any(placement is not WHOLE for placement in placements):
        boxes -= np.array([[[p.left, p.top] * 2] for p in placements])
        boxes /= np.array([[[p.width, p.height] * 2] for p in placements])
    np.minimum(np.maximum(boxes, 0.0, out=boxes), 1.0, out=boxes)


def _row(entries: list[list[float]], first_class: int, tidy: bool) -> Detections:
    if not tidy:
        entries = [entry for entry in entries if all(map(math.isfinite, entry))]
        entries.sort(key=lambda entry: -entry[4])
    return Detections(
        [entry[:4] for entry in entries],
        [entry[4] for entry in entries],
        [round(entry[5]) - first_class for entry in entries],
    )
