"""Place a flat rectangle in a picture by perspective: its points and its masks."""

from __future__ import annotations

import numpy as np
from PIL import Image


def homography(size: tuple[int, int], quad: np.ndarray) -> np.ndarray:
    """Return the 3x3 matrix that maps the corners of a ``size`` rectangle to ``quad`` [4, 2]."""
    width, height = size
    rows, values = [], []
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    for (x, y), (u, v) in zip(corners, quad, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(values, np.float64))
    return np.append(solved, 1.0).reshape(3, 3)


def project(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points ``[n, 2]`` by a 3x3 matrix."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    points = lifted[:, :2] / lifted[:, 2:]
    return points


class Warp:
    """Map masks from a rectangle's own pixels into the picture.

    ``matrix``: from the rectangle to the picture. ``box``: the part of the picture that it covers,
    x0, y0, x1, y1.
    """

    def __init__(self, matrix: np.ndarray, box: tuple[int, int, int, int]) -> None:
        self.box = box
        shift = np.array([[1, 0, box[0]], [0, 1, box[1]], [0, 0, 1]], np.float64)
        back = np.linalg.inv(matrix) @ shift
        self.coefficients = tuple(float(v) for v in (back / back[2, 2]).ravel()[:8])
        self.size = (max(1, box[2] - box[0]), max(1, box[3] - box[1]))

    def __call__(self, mask: Image.Image) -> Image.Image:
        return mask.transform(
            self.size,
            Image.Transform.PERSPECTIVE,
            self.coefficients,
            Image.Resampling.BILINEAR,
        )
