"""Boxes as models give them, and as the contract has them: ymin, xmin, ymax, xmax in 0..1."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any


def standard(boxes: Tensor, order: str, units: str, size: Tensor) -> Tensor:
    """Boxes [N, K, 4] in another order or in pixels, as the contract has them.

    order: one of `task.ORDERS`; units: one of `task.UNITS`; size: int32 [2], height and width of
    the pixels that the model saw.
    """
    boxes = tf.cast(boxes, tf.float32)
    if order == "cxcywh":
        boxes = _from_middles(boxes)
    elif order == "xyxy":
        boxes = tf.gather(boxes, [1, 0, 3, 2], axis=-1)
    if units == "pixels":
        sides = tf.cast(size, tf.float32)
        boxes = boxes / tf.concat([sides, sides], axis=0)
    return boxes


def _from_middles(boxes: Tensor) -> Tensor:
    middle, whole = boxes[..., 1::-1], boxes[..., 3:1:-1]
    return tf.concat([middle - whole / 2, middle + whole / 2], axis=-1)
