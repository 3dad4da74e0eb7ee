"""Units of coordinates."""

from __future__ import annotations

import numpy as np

from export.detectors.columns import Columns, positions, used_rows
from export.errors import SourceError

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
    note = (
        f"boxes of {name} are taken as {found}, because they reach {largest:.3g}; override this "
        "with --box-units"
    )
    return found, (note,)


def units_of_rows(
    name: str, rows: np.ndarray, columns: Columns, units: str | None
) -> tuple[str, tuple[str, ...]]:
    """Do the same for rows of detections. Raise ``SourceError`` if there is no box to go by."""
    used, at = used_rows(rows, columns), positions(columns)["box"]
    boxes = (used if len(used) else rows)[..., at : at + 4]
    if units is None and not boxes.any():
        raise SourceError(
            f"{name} has no box for these images, so whether boxes are in pixels cannot be "
            "recognized; add --box-units pixels or --box-units normalized, or give images in which "
            "the model finds something with --pictures"
        )
    return recognize_units(name, boxes, units)
