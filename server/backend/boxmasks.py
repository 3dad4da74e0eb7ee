"""Turn a mask for each box into run lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from server.backend.stubs import tensor_pb2
from server.backend.tensors import to_numpy
from server.core.answers import BoxMasks
from server.core.errors import ModelFailed

Array = np.ndarray[Any, Any]
Column = Sequence[float]

MAX_PIXELS = 2**18
"""Of all masks of a picture: they are read on the event loop. Larger masks are thinned out."""
MAX_MASKS = 100
"""The boxes with the best scores have masks."""
MAX_RUNS = 20_000
"""Of all masks of a picture. With more, they are thinned out to half their size or less."""
_INSIDE = 0.5


def read_masks(name: str, tensor: tensor_pb2.TensorProto, shape: tuple[int, ...]) -> Array:
    """Return masks ``[N,K,h,w]`` for boxes of ``shape`` [N,K]. Raises ModelFailed."""
    masks = to_numpy(name, tensor)
    fits = masks.ndim == 4 and masks.shape[:2] == shape and 0 not in masks.shape[2:]
    if not fits or masks.dtype == object:
        raise ModelFailed(
            f"its output {name!r} is {masks.dtype.name} {list(masks.shape)}, not numbers [N,K,h,w] "
            f"for boxes {list(shape)}"
        )
    return masks


def box_masks(
    masks: Array, best: Sequence[int], drawn: Sequence[Column], clipped: Sequence[Column]
) -> BoxMasks:
    """Return the masks ``[K,h,w]`` of a picture's ``best`` boxes, given by their numbers.

    ``drawn`` are the edges x0, y0, x1, y1 that the masks fill, ``clipped`` those of the boxes as
    they are sent, each a column with an entry for each of the best.
    """
    rows = list(best[:MAX_MASKS])
    step = 1
    while len(rows) * math.prod(masks[:1, ::step, ::step].shape[1:]) > MAX_PIXELS:
        step *= 2
    inside = masks[rows, ::step, ::step] >= _INSIDE  # false for NaN
    if rows and any(one is not other for one, other in zip(drawn, clipped, strict=True)):
        inside = _refitted(inside, np.array(drawn)[:, : len(rows)], np.array(clipped))
    while _count_runs(inside) > MAX_RUNS:
        inside = inside[:, ::2, ::2]
    height, width = inside.shape[1:]
    without: list[list[int]] = [[]] * len(best[MAX_MASKS:])
    return BoxMasks(width, height, _runs(inside) + without)


def _refitted(inside: Array, drawn: Array, clipped: Array) -> Array:
    """Return masks of the boxes ``drawn``, [4,K], as masks of what is left of them."""
    clipped = clipped[:, : len(inside)]
    height, width = inside.shape[1:]
    columns = _seen(drawn[0], drawn[2], clipped[0], clipped[2], width)
    rows = _seen(drawn[1], drawn[3], clipped[1], clipped[3], height)
    numbers = np.arange(len(inside))[:, None, None]
    return np.asarray(inside[numbers, rows[:, :, None], columns[:, None, :]])


def _seen(start: Array, end: Array, first: Array, last: Array, size: int) -> Array:
    """Return which of ``size`` cells from ``start`` to ``end`` each of as many cells shows that
    reach from ``first`` to ``last``, [K,size]."""
    length = np.maximum(end - start, 1e-9)
    centers = first[:, None] + (np.arange(size) + 0.5) / size * (last - first)[:, None]
    cells = np.floor((centers - start[:, None]) / length[:, None] * size)
    return np.asarray(np.clip(cells, 0, size - 1), np.intp)


def _changes(inside: Array) -> Array:
    """Return where a cell differs from the one before, [K,h*w]; the first is after an outside."""
    flat = inside.reshape(len(inside), math.prod(inside.shape[1:]))
    return np.diff(flat, axis=1, prepend=False)


def _count_runs(inside: Array) -> int:
    return int(np.count_nonzero(_changes(inside))) + len(inside)


def _runs(inside: Array) -> list[list[int]]:
    changes = np.pad(_changes(inside), [(0, 0), (0, 1)], constant_values=True)
    rows, ends = np.nonzero(changes)
    lengths = np.diff(ends, prepend=0)
    is_first = np.diff(rows, prepend=-1) > 0
    lengths[is_first] = ends[is_first]
    last = np.cumsum(np.count_nonzero(changes, axis=1)).tolist()
    flat = lengths.tolist()
    return [flat[start:end] for start, end in zip([0, *last], last, strict=False)]
