"""Oriented bounding boxes: rectangles that are rotated by an angle."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor


def upright(boxes: Tensor, angles: Tensor, units: str, size: Tensor) -> Tensor:
    """Return the upright boxes around rotated ones: ``[N, K, 4]``, ymin, xmin, ymax, xmax in 0..1.

    ``boxes``: center x, center y, width and height, in ``pixels`` or ``normalized``. ``angles``:
    ``[N, K]``, in radians, clockwise. ``size``: int32 ``[2]``, height and width in pixels.
    """
    sides = tf.cast(size, tf.float32)
    scale = tf.ones_like(sides) if units == "pixels" else sides
    center, shape = boxes[..., 1::-1] * scale, boxes[..., 3:1:-1] * scale
    along, across = tf.abs(tf.cos(angles))[..., None], tf.abs(tf.sin(angles))[..., None]
    half = (shape * along + shape[..., ::-1] * across) / 2.0
    return tf.concat([center - half, center + half], axis=-1) / tf.tile(sides, [2])
