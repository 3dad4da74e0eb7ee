"""Boxes: convert them to the contract's form, and measure how they overlap."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor


def standard(boxes: Tensor, order: str, units: str, size: Tensor) -> Tensor:
    """Convert boxes ``[N, K, 4]`` to ymin, xmin, ymax, xmax in 0..1.

    ``order``: one of ``task.ORDERS``. ``units``: one of ``task.UNITS``. ``size``: int32 ``[2]``,
    height and width of the pixels that the model saw.
    """
    boxes = tf.cast(boxes, tf.float32)
    if order == "cxcywh":
        boxes = _from_centers(boxes)
    elif order == "xyxy":
        boxes = tf.gather(boxes, [1, 0, 3, 2], axis=-1)
    if units == "pixels":
        sides = tf.cast(size, tf.float32)
        boxes = boxes / tf.concat([sides, sides], axis=0)
    return boxes


def standard_points(points: Tensor, order: str, units: str, size: Tensor) -> Tensor:
    """Convert points ``[N, K, P, 2]`` to y, x in 0..1. The arguments are those of ``standard``."""
    points = tf.cast(points, tf.float32)
    if order != "yxyx":
        points = points[..., ::-1]
    return points / tf.cast(size, tf.float32) if units == "pixels" else points


def _from_centers(boxes: Tensor) -> Tensor:
    center, size = boxes[..., 1::-1], boxes[..., 3:1:-1]
    return tf.concat([center - size / 2, center + size / 2], axis=-1)


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union ``[..., A, B]`` of ``a`` ``[..., A, 4]`` and ``b``."""
    # Separate sides: operations whose last dimension is 2 take several times as long.
    top, left, bottom, right = tf.unstack(a[..., :, None, :], axis=-1)
    tops, lefts, bottoms, rights = tf.unstack(b[..., None, :, :], axis=-1)
    height = tf.maximum(tf.minimum(bottom, bottoms) - tf.maximum(top, tops), 0.0)
    width = tf.maximum(tf.minimum(right, rights) - tf.maximum(left, lefts), 0.0)
    intersection = height * width
    union = _area(a)[..., :, None] + _area(b)[..., None, :] - intersection
    return intersection / tf.maximum(union, 1e-9)


def _area(boxes: Tensor) -> Tensor:
    return tf.reduce_prod(tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)
