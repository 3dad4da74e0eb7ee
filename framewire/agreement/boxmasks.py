"""Masks of boxes: which part of the picture an object covers.

A mask is a grid of cells that fills its box. Two masks are compared at the points of a grid over
both boxes, so neither their sizes nor their boxes need to be the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from operator import itemgetter, mul
from typing import Any

POINTS = 16
"""Points of the grid in each direction, whatever the masks' own sizes are."""
MOST_CELLS = 2**18
"""Of one mask: the gateway sends no more for all masks of a picture."""

_OUTSIDE, _INSIDE = b"\0", b"\1"
_Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Mask:
    """``runs``: how many cells lie outside the object, how many inside, and so on, by rows."""

    width: int
    height: int
    runs: Sequence[int]


def masks_of(fields: Mapping[str, Any]) -> list[Mask | None]:
    """Return the mask of each box, None for a box without one."""
    if "box_masks" not in fields:
        return [None] * len(fields["boxes"])
    masks = fields["box_masks"]
    return [Mask(masks["width"], masks["height"], runs) if runs else None for runs in masks["runs"]]


def mask_iou(box: _Box, mask: Mask, other_box: _Box, other: Mask) -> float:
    """Return the intersection over union of what two objects cover; 1 if neither covers a point.

    Raises ValueError if runs do not fill their grid.
    """
    x0, x1 = min(box[0], other_box[0]), max(box[2], other_box[2])
    y0, y1 = min(box[1], other_box[1]), max(box[3], other_box[3])
    xs = [x0 + (x1 - x0) * (i + 0.5) / POINTS for i in range(POINTS)]
    ys = [y0 + (y1 - y0) * (i + 0.5) / POINTS for i in range(POINTS)]
    a, b = _covered(box, mask, xs, ys), _covered(other_box, other, xs, ys)
    either = (a | b).bit_count()
    return (a & b).bit_count() / either if either else 1.0


def _covered(box: _Box, mask: Mask, xs: Sequence[float], ys: Sequence[float]) -> int:
    """Return at which points of a grid an object is, as the bits of a number."""
    cells = mask.width * mask.height
    if cells > MOST_CELLS or sum(mask.runs) != cells or min(mask.runs) < 0:
        raise ValueError(f"runs of {sum(mask.runs)} cells for a mask of {cells}")
    flat = b"".join(map(mul, cycle((_OUTSIDE, _INSIDE)), mask.runs))
    columns = itemgetter(*_cells(xs, box[0], box[2], mask.width))
    nothing = _OUTSIDE * POINTS
    rows = []
    for row in _cells(ys, box[1], box[3], mask.height):
        line = flat[row * mask.width : (row + 1) * mask.width] + _OUTSIDE
        rows.append(bytes(columns(line)) if row < mask.height else nothing)
    return int.from_bytes(b"".join(rows), "big")


def _cells(places: Sequence[float], start: float, end: float, count: int) -> list[int]:
    """Return which of ``count`` cells from ``start`` to ``end`` each place is in; ``count`` if it
    is in none."""
    if end <= start:
        return [count] * len(places)
    scale = count / (end - start)
    return [
        min(int((at - start) * scale), count - 1) if start <= at <= end else count for at in places
    ]
