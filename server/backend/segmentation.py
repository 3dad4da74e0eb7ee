"""Turn a map of classes into run lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.contract import SegmentationOutputs
from server.backend.labels import check_class
from server.backend.pixels import WHOLE, Placement
from server.core.answers import Segmentation
from server.core.errors import ModelFailed

Array = np.ndarray[Any, Any]

MAX_PIXELS = 2**18
"""Of a map that a model returns: they are read on the event loop."""
MAX_RUNS = 20_000
"""A map with more is sent at half its size or less, so that a result has at most about 200 KB."""


def segmentations(
    outputs: SegmentationOutputs,
    arrays: Mapping[str, Array],
    rows: int,
    placements: Sequence[Placement] | None,
) -> list[Segmentation]:
    """Return one :class:`Segmentation` per row, without the bars around a letterboxed frame.

    Raises ModelFailed if the output is no map of integers, or a class has no label.
    """
    maps = arrays[outputs.classes]
    if maps.ndim != 3 or maps.dtype.kind not in "iu" or not 0 < maps[0].size <= MAX_PIXELS:
        raise ModelFailed(
            f"its output {outputs.classes!r} is {maps.dtype.name} {list(maps.shape)}, not integers "
            f"[N,H,W] of 1 to {MAX_PIXELS} pixels"
        )
    for extreme in (maps.min(), maps.max()):
        check_class(int(extreme) - outputs.first_class, outputs.first_class, outputs.class_count)
    placed = [WHOLE] * rows if placements is None else placements
    return [_encoded(placed[row].crop(maps[row]), outputs) for row in range(rows)]


def _encoded(pixels: Array, outputs: SegmentationOutputs) -> Segmentation:
    """Return the runs of a map, which is thinned out while there are too many."""
    step = 1
    while True:
        thinned = pixels[::step, ::step]
        flat = thinned.reshape(-1)
        ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, flat.size)
        if len(ends) <= MAX_RUNS:
            break
        step *= 2
    classes = flat[ends - 1].astype(np.int64) - outputs.first_class
    runs = np.stack([classes, np.diff(ends, prepend=0)], axis=1).reshape(-1)
    height, width = thinned.shape
    return Segmentation(width, height, runs.tolist())
