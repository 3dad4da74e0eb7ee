"""Maps that are too large to be sent: every second row and column of them is served, or fewer."""

from __future__ import annotations

from itertools import count
from math import ceil

from export.tasks.task import Size

MAX_PIXELS = 2**18
"""Of the largest map that a gateway takes."""


def step_of(shape: Size) -> int:
    """Return the distance of the rows and columns to serve of a map of this height and width."""
    height, width = shape
    return next(s for s in count(1) if ceil(height / s) * ceil(width / s) <= MAX_PIXELS)


def about(own: str, shape: Size) -> tuple[str, ...]:
    """Return a note if the map ``own`` is thinned out."""
    step = step_of(shape)
    if step == 1:
        return ()
    return (
        f"one in {step} rows and columns of {own} is served, because a map may have at most "
        f"{MAX_PIXELS} pixels",
    )
