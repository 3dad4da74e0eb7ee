"""TensorFlow's detection outputs -> boxes as the wire has them."""

from __future__ import annotations

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

    The whole batch is turned round at once, in numpy; only the rows are cut in
    Python. What is not finite is left out. Raises ModelFailed if the shapes do
    not belong together.
    """
    boxes, scores, classes = (found[n] for n in (outputs.boxes, outputs.scores, outputs.classes))
    _check(boxes, scores, classes)
    counts = _counts(outputs, found, scores)
    with np.errstate(invalid="ignore", over="ignore"):
        return _detections(outputs, boxes, scores, classes, counts, placements)


def _detections(
    outputs: DetectionOutputs,
    boxes: Array,
    scores: Array,
    classes: Array,
    counts: Array,
    placements: Sequence[Placement] | None,
) -> list[Detections]:
    most = int(counts.max(initial=0))
    boxes, scores, classes = boxes[:, :most], scores[:, :most], classes[:, :most]
    ranks = np.where(_usable(boxes, scores, classes, counts), scores, -np.inf)
    if not _sorted(ranks):
        order = np.argsort(-ranks, axis=1, kind="stable")
        boxes = np.take_along_axis(boxes, order[..., None], axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
        classes = np.take_along_axis(classes, order, axis=1)
    return _rows(
        _turned(boxes, placements),
        scores.astype(np.float64).round(_DIGITS),
        np.rint(classes).astype(np.int64) - outputs.first_class,
        (ranks > -np.inf).sum(axis=1),
    )


def _check(boxes: Array, scores: Array, classes: Array) -> None:
    fits = scores.ndim == 2 and classes.shape == scores.shape and boxes.shape == (*scores.shape, 4)
    if not fits or object in (boxes.dtype, scores.dtype, classes.dtype):
        raise ModelFailed(
            f"boxes {list(boxes.shape)}, scores {list(scores.shape)} and classes "
            f"{list(classes.shape)} do not belong together"
        )


def _counts(outputs: DetectionOutputs, found: Mapping[str, Array], scores: Array) -> Array:
    rows, columns = scores.shape
    if outputs.count is None:
        return np.full(rows, columns)
    counts = found[outputs.count]
    if counts.size != rows or counts.dtype == object:
        raise ModelFailed(f"{outputs.count} has shape {list(counts.shape)} for a batch of {rows}")
    counts = counts.reshape(rows)
    # NaN is larger than nothing.
    return np.minimum(np.where(counts > 0, counts, 0), columns).astype(np.int64)


def _usable(boxes: Array, scores: Array, classes: Array, counts: Array) -> Array:
    """Which entries count: [N,K] of bool."""
    usable: Array = np.arange(scores.shape[1]) < counts[:, None]
    # One value that is not finite makes the sum so, and the sum is quick.
    if not np.isfinite(scores.sum() + boxes.sum() + classes.sum()):
        finite = np.isfinite(scores) & np.isfinite(boxes).all(axis=2) & np.isfinite(classes)
        usable &= finite
    return usable


def _sorted(ranks: Array) -> bool:
    return not (ranks[:, 1:] > ranks[:, :-1]).any()


def _turned(boxes: Array, placements: Sequence[Placement] | None) -> Array:
    """[ymin,xmin,ymax,xmax] of the model's input -> [x0,y0,x1,y1] of the frame."""
    turned: Array = boxes[:, :, [1, 0, 3, 2]].astype(np.float64)
    if placements is not None and any(placement is not WHOLE for placement in placements):
        offsets = np.array([[p.left, p.top] * 2 for p in placements])
        sizes = np.array([[p.width, p.height] * 2 for p in placements])
        turned = (turned - offsets[:, None]) / sizes[:, None]
    return np.minimum(np.maximum(turned, 0.0), 1.0).round(_DIGITS)


def _rows(boxes: Array, scores: Array, classes: Array, counts: Array) -> list[Detections]:
    columns = zip(boxes.tolist(), scores.tolist(), classes.tolist(), counts.tolist(), strict=True)
    return [Detections(b[:n], s[:n], c[:n]) for b, s, c, n in columns]
