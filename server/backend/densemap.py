"""Turn a map of values, such as depths, into levels of one byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.contract import MapOutputs
from server.backend.pixels import WHOLE, Placement
from server.core.answers import DenseMap
from server.core.errors import ModelFailed

Array = np.ndarray[Any, Any]

MAX_PIXELS = 2**18
"""Of a map that a model returns: they are read on the event loop."""
MAX_SENT = 2**16
"""A map with more pixels is sent at half its size or less."""
_FARTHEST = 1e30


def dense_maps(
    outputs: MapOutputs,
    arrays: Mapping[str, Array],
    rows: int,
    placements: Sequence[Placement] | None,
) -> list[DenseMap]:
    """Return one :class:`DenseMap` per row, without the bars around a letterboxed frame.

    Values that are not finite become the lowest one. Raises ModelFailed if the output is no map.
    """
    maps = arrays[outputs.values]
    if maps.ndim != 3 or maps.dtype == object or not 0 < maps[0].size <= MAX_PIXELS:
        raise ModelFailed(
            f"its output {outputs.values!r} has shape {list(maps.shape)}, not [N,H,W] with 1 to "
            f"{MAX_PIXELS} pixels"
        )
    placed = [WHOLE] * rows if placements is None else placements
    return [_levels(placed[row].crop(maps[row])) for row in range(rows)]


def _levels(pixels: Array) -> DenseMap:
    step = 1
    while pixels[::step, ::step].size > MAX_SENT:
        step *= 2
    values = pixels[::step, ::step].astype(np.float64)
    finite = np.abs(values) <= _FARTHEST  # NaN is in no range
    low = float(values.min(where=finite, initial=_FARTHEST)) if finite.any() else 0.0
    high = float(values.max(where=finite, initial=-_FARTHEST)) if finite.any() else 0.0
    share = np.where(finite, values - low, 0.0) / ((high - low) or 1.0)
    height, width = values.shape
    return DenseMap(width, height, low, high, np.rint(255 * share).astype(np.uint8).tobytes())
