"""Oriented bounding boxes: rectangles that are rotated by an angle."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor


def corners_of(boxes: Tensor, angles: Tensor, units: str, size: Tensor) -> Tensor:
    """Return the corners of rotated boxes: ``[N, K, 4, 2]``, y and x in 0..1, around each box.

    The first two are the ends of one of the sides that are as long as the width. ``boxes``: center
    x, center y, width and height, in ``pixels`` or ``normalized``. ``angles``: ``[N, K]``, in
    radians, clockwise. ``size``: int32 ``[2]``, height and width in pixels.
    """
    sides = tf.cast(size, tf.float32)
    scale = tf.ones_like(sides) if units == "pixels" else sides
    center, halves = boxes[..., 1::-1] * scale, boxes[..., 3:1:-1] * scale / 2.0
    sin, cos = tf.sin(angles), tf.cos(angles)
    across = tf.stack([sin, cos], axis=-1) * halves[..., 1:]
    down = tf.stack([cos, -sin], axis=-1) * halves[..., :1]
    ends = (-across - down, across - down, across + down, down - across)
    return tf.stack([center + end for end in ends], axis=-2) / sides
