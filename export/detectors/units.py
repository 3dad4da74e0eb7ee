"""Units of coordinates."""

from __future__ import annotations

import numpy as np

_LARGEST_NORMALIZED = 4.0
"""Boxes in 0..1 can reach over the edges of the image, but not by more than this."""


def recognize_units(
    name: str, coordinates: np.ndarray, units: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return ``units`` if given, otherwise what the values look like, with a note that says so."""
    if units is not None:
        return units, ()
    largest = float(np.abs(coordinates).max(initial=0.0))
    found = "pixels" if largest > _LARGEST_NORMALIZED else "normalized"
    reason = f"they reach {largest:.3g}" if coordinates.size else "there are none in these images"
    note = f"boxes of {name} are taken as {found}, because {reason}; override this with --box-units"
    return found, (note,)
