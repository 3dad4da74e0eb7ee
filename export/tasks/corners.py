"""Rotated boxes, by their four corners: the upright ones around them, and how they overlap."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor

_TINY = 1e-12


def around(corners: Tensor) -> Tensor:
    """Return the upright boxes around corners: ``[N, K, 4]``, ymin, xmin, ymax, xmax."""
    low, high = tf.reduce_min(corners, axis=-2), tf.reduce_max(corners, axis=-2)
    return tf.concat([low, high], axis=-1)


def corners_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union of rotated boxes, pair by pair: float32 ``[P]``.

    ``a`` and ``b``: float32 ``[P, 4, 2]``, y and x, around each box. Pixels need not be square,
    so boxes may be parallelograms. An overlap with a box without area is 0.
    """
    # Points last: operations whose last dimension is 2 take several times as long.
    y, x = tf.unstack(tf.transpose(a, [2, 1, 0]))
    rows, columns = tf.unstack(tf.transpose(b, [2, 1, 0]))
    down, right = rows[1] - rows[0], columns[1] - columns[0]
    lower, further = rows[3] - rows[0], columns[3] - columns[0]
    area = down * further - right * lower
    y, x = y - rows[0], x - columns[0]
    # In the unit square that b is now, so that only a has sides to follow.
    across = tf.math.divide_no_nan(y * further - x * lower, area)
    along = tf.math.divide_no_nan(x * down - y * right, area)
    shared = tf.abs(_area_in_unit_square(across, along))
    union = tf.abs(_area(across, along)) + 1.0 - shared
    return tf.where(tf.abs(area) > _TINY, shared / tf.maximum(union, _TINY), 0.0)


def _area(x: Tensor, y: Tensor) -> Tensor:
    """Return the signed areas of polygons whose points are ``[4, P]``."""
    return tf.reduce_sum(x * _next(y) - _next(x) * y, axis=0) / 2.0


def _area_in_unit_square(x: Tensor, y: Tensor) -> Tensor:
    """Return the signed areas of what polygons ``[4, P]`` have in common with the unit square.

    Each side adds or takes away the area below it, as far as that is in the square. Unlike
    clipping, this has no special cases: sides may touch or coincide.
    """
    width, height = _next(x) - x, _next(y) - y
    start, end = tf.clip_by_value(x, 0.0, 1.0), tf.clip_by_value(_next(x), 0.0, 1.0)
    first = y + height * _share(start - x, width)
    last = y + height * _share(end - x, width)
    return tf.reduce_sum((end - start) * _mean_in_unit_range(first, last), axis=0)


def _mean_in_unit_range(start: Tensor, end: Tensor) -> Tensor:
    """Return the mean of values that go from start to end, each limited to 0..1."""
    low, high = tf.minimum(start, end), tf.maximum(start, end)
    below, above = _share(-low, high - low), _share(high - 1.0, high - low)
    edges = tf.clip_by_value(low, 0.0, 1.0) + tf.clip_by_value(high, 0.0, 1.0)
    return above + tf.maximum(1.0 - below - above, 0.0) * edges / 2.0


def _share(part: Tensor, whole: Tensor) -> Tensor:
    """Return ``part / whole`` in 0..1."""
    return tf.clip_by_value(tf.math.divide_no_nan(part, whole), 0.0, 1.0)


def _next(points: Tensor) -> Tensor:
    """Return the point that follows each one."""
    return tf.roll(points, -1, axis=0)
