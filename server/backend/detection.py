"""Turn TensorFlow's detection outputs into boxes of the wire."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.boxmasks import box_masks, read_masks
from server.backend.contract import DetectionOutputs
from server.backend.labels import check_class
from server.backend.pixels import WHOLE, Placement
from server.backend.stubs import tensor_pb2
from server.backend.tensors import Numbers, to_numbers
from server.core.answers import Detections
from server.core.errors import ModelFailed

Column = list[float]
Array = np.ndarray[Any, Any]


def detections(
    outputs: DetectionOutputs,
    tensors: Mapping[str, tensor_pb2.TensorProto],
    rows: int,
    placements: Sequence[Placement] | None = None,
) -> list[Detections]:
    """Return one :class:`Detections` per row, best score first, boxes clipped to the frame.

    Plain lists, cut and checked as a whole: a frame has a few dozen numbers, for which
    numpy took a lone frame three times as long, and was no faster for a full batch.
    Entries that are not finite are left out. Raises ModelFailed if the shapes do not
    match, or a class has no label.
    """
    boxes = to_numbers(outputs.boxes, tensors[outputs.boxes])
    scores = to_numbers(outputs.scores, tensors[outputs.scores])
    classes = to_numbers(outputs.classes, tensors[outputs.classes])
    _check(boxes, scores, classes, rows)
    masks = corners = None
    if outputs.masks is not None:
        masks = read_masks(outputs.masks, tensors[outputs.masks], scores.shape)
    if outputs.corners is not None:
        corners = _read_corners(outputs.corners, tensors[outputs.corners], scores.shape)
    columns = scores.shape[1]
    counts = _counts(outputs, tensors, rows, columns)
    answers = []
    for row, count in enumerate(counts):
        start, end = row * columns, row * columns + count
        answers.append(
            _detections(
                _edges(boxes.values[4 * start : 4 * end]),
                scores.values[start:end],
                classes.values[start:end],
                outputs,
                WHOLE if placements is None else placements[row],
                None if masks is None else masks[row],
                [] if corners is None else _corners(corners[8 * start : 8 * end]),
            )
        )
    return answers


def _check(boxes: Numbers, scores: Numbers, classes: Numbers, rows: int) -> None:
    shape = scores.shape
    if len(shape) != 2 or shape[0] != rows or classes.shape != shape or boxes.shape != (*shape, 4):
        raise ModelFailed(
            f"boxes {list(boxes.shape)}, scores {list(shape)} and classes "
            f"{list(classes.shape)} do not match for a batch of {rows}"
        )


def _read_corners(name: str, tensor: tensor_pb2.TensorProto, shape: tuple[int, ...]) -> Any:
    """Return corners [N,K,4,2] of boxes of ``shape`` [N,K], flat. Raises ModelFailed."""
    corners = to_numbers(name, tensor)
    if corners.shape != (*shape, 4, 2):
        raise ModelFailed(f"{name} {list(corners.shape)} does not match boxes {list(shape)}")
    return corners.values


def _counts(
    outputs: DetectionOutputs,
    tensors: Mapping[str, tensor_pb2.TensorProto],
    rows: int,
    columns: int,
) -> list[int]:
    if outputs.count is None:
        return [columns] * rows
    counts = to_numbers(outputs.count, tensors[outputs.count])
    if len(counts.values) != rows:
        raise ModelFailed(f"{outputs.count} has shape {list(counts.shape)} for a batch of {rows}")
    # NaN is neither larger nor smaller than any number.
    return [int(min(count, columns)) if count > 0 else 0 for count in counts.values]


def _edges(flat: Column) -> list[Column]:
    """Return columns x0, y0, x1, y1 of flat [ymin, xmin, ymax, xmax]."""
    return [flat[1::4], flat[0::4], flat[3::4], flat[2::4]]


def _corners(flat: Column) -> list[Column]:
    """Return columns x, y, x, y ... of flat corners, y first."""
    return [flat[at::8] for at in (1, 0, 3, 2, 5, 4, 7, 6)]


def _detections(
    edges: list[Column],
    scores: Column,
    classes: Column,
    outputs: DetectionOutputs,
    placement: Placement,
    masks: Array | None,
    corners: list[Column],
) -> Detections:
    columns = [*edges, scores, classes, *corners]
    if masks is not None:
        columns.append(list(range(len(scores))))
    if not all(map(math.isfinite, map(sum, columns))):
        finite = (e for e in zip(*columns, strict=True) if all(map(math.isfinite, e)))
        columns = _columns(finite, len(columns))
    if columns[4] != sorted(columns[4], reverse=True):
        best = sorted(zip(*columns, strict=True), key=lambda entry: -entry[4])
        columns = _columns(best, len(columns))
    edges, scores, classes = columns[:4], columns[4], columns[5]
    if placement is not WHOLE:
        edges = _placed(edges, placement)
    clipped = edges
    if scores and (min(map(min, edges)) < 0.0 or max(map(max, edges)) > 1.0):
        clipped = list(map(_clipped, edges))
    boxes = list(map(list, zip(*clipped, strict=True)))
    first = outputs.first_class
    indices = [round(value) - first for value in classes]
    if indices and (min(indices) < 0 or max(indices) >= outputs.class_count):
        indices = _known_classes(indices, scores, outputs)
    found = Detections(boxes, scores, indices)
    if corners:
        found = found._replace(corners=_in_frame(columns[6:14], placement))
    if masks is None:
        return found
    numbers = list(map(int, columns[-1]))
    return found._replace(masks=box_masks(masks, numbers, edges, clipped))


def _in_frame(corners: list[Column], placement: Placement) -> list[Column]:
    """Return the corners of each box, a row for each, in fractions of the frame."""
    if placement is not WHOLE:
        corners = [*_placed(corners[:4], placement), *_placed(corners[4:], placement)]
    return list(map(list, zip(*corners, strict=True)))


def _known_classes(indices: list[int], scores: Column, outputs: DetectionOutputs) -> list[int]:
    """Return the classes, with -1 for those of padding, whose score is 0, that have no label.

    Raises ModelFailed for any other class without a label.
    """
    for index, score in zip(indices, scores, strict=True):
        if score > 0:
            check_class(index, outputs.first_class, outputs.class_count)
    return [index if 0 <= index < outputs.class_count else -1 for index in indices]


def _columns(entries: Iterable[tuple[float, ...]], count: int) -> list[Column]:
    """Return the ``count`` columns of entries with as many values."""
    return [list(column) for column in zip(*entries, strict=True)] or [[] for _ in range(count)]


def _placed(edges: list[Column], placement: Placement) -> list[Column]:
    """Convert fractions of the model's input to fractions of the frame."""
    starts = (placement.left, placement.top) * 2
    sizes = (placement.width, placement.height) * 2
    return [
        [(value - start) / size for value in column]
        for column, start, size in zip(edges, starts, sizes, strict=True)
    ]


def _clipped(column: Column) -> Column:
    return [min(max(value, 0.0), 1.0) for value in column]
