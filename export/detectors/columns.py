"""Rows of detections, and what their columns are.

A row begins with a box, its score and its class, in some order. The number of its image can come
first. In Ultralytics' rows, what belongs to the box follows: the angle by which it is rotated, the
weights of the prototypes of its mask, or its keypoints.
"""

from __future__ import annotations

import numpy as np

from export.detectors.scores import in_unit_range

Columns = tuple[str, ...]

ULTRALYTICS: Columns = ("box", "score", "class")
ROTATED: Columns = (*ULTRALYTICS, "angle")
_SIX: tuple[Columns, ...] = (ULTRALYTICS, ("box", "class", "score"), ("class", "score", "box"))
_KNOWN: tuple[Columns, ...] = (*_SIX, *(("batch", *columns) for columns in _SIX), ROTATED)
_WIDTH = {"box": 4}
_WIDTHS = (6, 7)


def width(columns: Columns) -> int:
    """Return how many values the columns have."""
    return sum(_WIDTH.get(name, 1) for name in columns)


def positions(columns: Columns) -> dict[str, int]:
    """Return where each column begins."""
    return {name: width(columns[:at]) for at, name in enumerate(columns)}


def known(values: int) -> list[Columns]:
    """Return the known orders of columns that have so many values."""
    return [one for one in _KNOWN if width(one) == values]


def fitting(rows: np.ndarray) -> list[Columns]:
    """Return the known orders of columns that the values allow, ``[..., M, columns]``."""
    return [one for one in known(rows.shape[-1]) if fits(rows, one)]


def fits(rows: np.ndarray, columns: Columns) -> bool:
    """Return whether the values can be those of ``columns``, with anything behind these."""
    at = positions(columns)
    used = used_rows(rows, columns)
    scores, classes = used[:, at["score"]], used[:, at["class"]]
    if not len(used) or not in_unit_range(scores) or _is_integral(scores):
        return False
    if "batch" in at and not _is_integral(used[:, at["batch"]]):
        return False
    if "angle" in at and _is_integral(used[:, 0]):  # the image's number comes first
        return False
    return _is_integral(classes) and bool((classes >= -1).all())


def are_sorted(rows: np.ndarray, columns: Columns) -> bool:
    """Return whether the best score comes first in each image, ``[N, M, columns]``."""
    scores = rows[..., positions(columns)["score"]]
    return bool((np.diff(scores, axis=-1) <= 0).all())


def found_nothing(rows: np.ndarray) -> bool:
    """Return whether the values can be Ultralytics' for images in which nothing was found.

    Some of its exports return zeros then, others boxes of any class with a score of 0.
    """
    at = positions(ULTRALYTICS)
    return not len(used_rows(rows, ULTRALYTICS)) and _is_integral(rows[..., at["class"]])


def used_rows(rows: np.ndarray, columns: Columns) -> np.ndarray:
    """Return the rows of all images, ``[R, columns]``, whose score is not 0."""
    rows = rows.reshape(-1, rows.shape[-1])
    return rows[rows[:, positions(columns)["score"]] != 0]


def holds_rows(value: np.ndarray) -> bool:
    """Return whether an output has the shape of detections with nothing behind their columns."""
    is_table = value.ndim in (2, 3) or (value.ndim == 4 and value.shape[:2] == (1, 1))
    return is_table and value.shape[-1] in _WIDTHS and value.dtype.kind == "f"


def holds_long_rows(value: np.ndarray) -> bool:
    """Return whether an output has the shape of detections with more behind their columns."""
    return value.ndim == 3 and value.shape[-1] > max(_WIDTHS) and value.dtype.kind == "f"


def beginning(rows: np.ndarray) -> np.ndarray:
    """Return the columns of long rows that all of Ultralytics' rows begin with."""
    return rows[..., : width(ULTRALYTICS)] if holds_long_rows(rows) else rows


def _is_integral(values: np.ndarray) -> bool:
    return bool((values == np.round(values)).all())
