"""Boxes of given shapes around the cells of a feature map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def tile(
    cells: tuple[int, int],
    distances: tuple[float, float],
    offset: float,
    shapes: Sequence[tuple[float, float]],
) -> np.ndarray:
    """Return ``[rows * columns * shapes, 4]``: center y, center x, height, width.

    ``cells``: rows and columns. ``distances``: of centers, down and across. ``offset``: of the
    first center, as a share of that distance. ``shapes``: width and height of each box.
    """
    y = (np.arange(cells[0]) + offset) * distances[0]
    x = (np.arange(cells[1]) + offset) * distances[1]
    boxes = np.empty((*cells, len(shapes), 4))
    boxes[..., 0] = y[:, None, None]
    boxes[..., 1] = x[None, :, None]
    boxes[..., 2:] = np.asarray(shapes)[:, ::-1]
    return boxes.reshape(-1, 4)
