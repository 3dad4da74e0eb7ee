"""Augment scenes during training, so that none is ever seen twice."""

from __future__ import annotations

import tensorflow as tf

from demomodel.loss import NOTHING, UNCERTAIN, Truth
from demomodel.network import INPUT_SIZE, Tensor

_CLEAR = 0.75
"""A digit with at least this fraction in the picture still counts as a digit."""

_HIDDEN = 0.25
"""A digit with less than this fraction is ignored; in between, any answer is accepted."""


def augment(pictures: Tensor, truth: Truth, seed: Tensor) -> tuple[Tensor, Truth]:
    """Zoom, shift and recolor a batch.

    ``pictures``: uint8 ``[N, 192, 192, 3]``, returned as float32 in 0..255. ``seed``: int32
    ``[2]``.
    """
    seeds = tf.unstack(tf.random.split(seed, 6))
    pictures, truth = _zoomed(tf.cast(pictures, tf.float32), truth, seeds[0], seeds[1])
    return _recolored(pictures, seeds[2:]), truth


def _uniform(shape: list[Tensor], seed: Tensor, low: float, high: float) -> Tensor:
    return tf.random.stateless_uniform(shape, seed, low, high)


def _zoomed(
    pictures: Tensor, truth: Truth, zoom_seed: Tensor, shift_seed: Tensor
) -> tuple[Tensor, Truth]:
    """Zoom in on a part of each picture, or out, with the edge pixels repeated outwards."""
    count = tf.shape(pictures)[0]
    both = tf.exp(_uniform([count, 1], zoom_seed, -0.22, 0.22))
    seen = both * tf.exp(_uniform([count, 2], zoom_seed, -0.1, 0.1))
    start = (1.0 - seen) * _uniform([count, 2], shift_seed, 0.0, 1.0)
    zero = tf.zeros([count])
    shift = start * INPUT_SIZE
    rows = [seen[:, 1], zero, shift[:, 1], zero, seen[:, 0], shift[:, 0], zero, zero]
    pictures = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack(rows, axis=1),
        output_shape=[INPUT_SIZE, INPUT_SIZE],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    boxes = (truth.boxes - tf.tile(start, [1, 2])[:, None]) / tf.tile(seen, [1, 2])[:, None]
    return pictures, _clipped(boxes, truth.labels)


def _clipped(boxes: Tensor, labels: Tensor) -> Truth:
    inside = tf.clip_by_value(boxes, 0.0, 1.0)
    left = _area(inside) / tf.maximum(_area(boxes), 1e-9)
    labels = tf.where((labels >= 0) & (left < _CLEAR), UNCERTAIN, labels)
    labels = tf.where((labels == UNCERTAIN) & (left < _HIDDEN), NOTHING, labels)
    return Truth(inside, labels)


def _area(boxes: Tensor) -> Tensor:
    return tf.reduce_prod(boxes[..., 2:] - boxes[..., :2], axis=-1)


def _recolored(pictures: Tensor, seeds: list[Tensor]) -> Tensor:
    """Change contrast, brightness and colors, or invert: one linear map per channel."""
    count = tf.shape(pictures)[0]
    sign = tf.where(_uniform([count, 1], seeds[0], 0.0, 1.0) < 0.25, -1.0, 1.0)
    contrast = sign * _uniform([count, 1], seeds[1], 0.5, 1.25)
    slope = contrast * _uniform([count, 3], seeds[2], 0.85, 1.15)
    level = 128.0 + _uniform([count, 1], seeds[3], -35.0, 35.0) - 128.0 * slope
    return tf.clip_by_value(pictures * slope[:, None, None] + level[:, None, None], 0.0, 255.0)
