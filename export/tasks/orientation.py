"""Sizes of maps, and maps whose channels come first: those of converters from ONNX often do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from export.tasks.task import Size

_STRIDES = (1, 2, 4, 8, 16)


def map_sizes(size: Size) -> Collection[Size]:
    """Return the usual heights and widths of maps of an input of ``size``."""
    height, width = size
    return [(ceil(height / stride), ceil(width / stride)) for stride in _STRIDES]


def is_channels_first(shape: Sequence[int], size: Size | None) -> bool:
    """Return whether ``shape`` is ``[N, C, H, W]``: only then are H and W those of a map.

    ``size``: height and width of the model's input, if they are fixed.
    """
    if len(shape) != 4 or size is None:
        return False
    sizes = map_sizes(size)
    return (shape[2], shape[3]) in sizes and (shape[1], shape[2]) not in sizes
