"""Assign digits to cells, and compute the loss of the network's outputs."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from demomodel.decoding import boxes_of, centers
from demomodel.network import CELLS, INPUT_SIZE, LABELS, STRIDE, Tensor

BOX_WEIGHT = 2.0
MIN_CORE = 0.75 * STRIDE
"""Half the side in pixels of the smallest square around a digit's center whose cells count."""

CORE_SHARE = 0.22
"""Half the side of that square, relative to the digit's height and width."""


class Truth(NamedTuple):
    """The digits in a batch of scenes, padded to the same number.

    ``boxes``: float32 ``[N, M, 4]`` in 0..1. ``labels``: int32 ``[N, M]``, negative for padding,
    ``UNCERTAIN`` for digits that the edge of the picture cuts off so far that any answer is
    accepted.
    """

    boxes: Tensor
    labels: Tensor


NOTHING = -1
UNCERTAIN = -2


class Targets(NamedTuple):
    """The target of each cell.

    ``boxes``: ``[N, 576, 4]``. ``classes``: ``[N, 576, 10]``. ``positive``, ``counted``: weights
    ``[N, 576]``.
    """

    boxes: Tensor
    classes: Tensor
    positive: Tensor
    counted: Tensor


def assign(truth: Truth) -> Targets:
    """Assign to each digit the cells near its center; if digits compete, the closer one wins."""
    at = centers()[None, :, None] / INPUT_SIZE
    low, high = truth.boxes[:, None, :, :2], truth.boxes[:, None, :, 2:]
    half = (high - low) / 2
    away = tf.abs(at - (low + half))
    core = tf.maximum(half * 2 * CORE_SHARE, MIN_CORE / INPUT_SIZE)
    real = (truth.labels >= 0)[:, None]
    within = tf.reduce_all((away <= core) & (away <= half + 0.25 * STRIDE / INPUT_SIZE), -1) & real
    home = tf.reduce_all(away <= STRIDE / 2 / INPUT_SIZE, -1) & real
    distance = tf.norm(away / tf.maximum(half, 1e-6), axis=-1) - tf.cast(home, tf.float32) * 10
    cost = tf.where(within | home, distance, _FAR)
    chosen = tf.argmin(cost, axis=-1)
    positive = tf.reduce_min(cost, axis=-1) < _FAR
    labels = tf.where(positive, tf.gather(truth.labels, chosen, batch_dims=1), NOTHING)
    covered = tf.reduce_all(away <= half, -1) & (truth.labels == UNCERTAIN)[:, None]
    return Targets(
        boxes=tf.gather(truth.boxes, chosen, batch_dims=1),
        classes=tf.one_hot(labels, len(LABELS)),
        positive=tf.cast(positive, tf.float32),
        counted=tf.cast(positive | ~tf.reduce_any(covered, -1), tf.float32),
    )


def loss(logits: Tensor, distances: Tensor, truth: Truth) -> tuple[Tensor, Tensor]:
    """Return the class loss and the box loss, each a scalar per digit in the batch."""
    cells = CELLS * CELLS
    logits = tf.reshape(logits, [-1, cells, len(LABELS)])
    targets = assign(truth)
    predicted = boxes_of(tf.reshape(distances, [-1, cells, 4]))
    agreement, fit = _fit(predicted, targets.boxes)
    quality = tf.stop_gradient(0.5 + 0.5 * agreement)[..., None] * targets.classes
    number = tf.maximum(tf.reduce_sum(targets.positive), 1.0)
    class_loss = tf.reduce_sum(_focal(logits, quality) * targets.counted[..., None])
    box_loss = tf.reduce_sum((1.0 - fit) * targets.positive)
    return class_loss / number, BOX_WEIGHT * box_loss / number


_FAR = 1e6


def _focal(logits: Tensor, target: Tensor) -> Tensor:
    """Return the cross entropy with a soft target, weighted by the squared distance from it."""
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(target, logits)
    return entropy * tf.square(tf.sigmoid(logits) - target)


def _fit(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the intersection over union of each pair of boxes, and the generalized one."""
    low, high = tf.maximum(a[..., :2], b[..., :2]), tf.minimum(a[..., 2:], b[..., 2:])
    both = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    either = _area(a) + _area(b) - both
    hull_low, hull_high = tf.minimum(a[..., :2], b[..., :2]), tf.maximum(a[..., 2:], b[..., 2:])
    hull = tf.reduce_prod(hull_high - hull_low, axis=-1)
    union = both / tf.maximum(either, 1e-7)
    return union, union - (hull - either) / tf.maximum(hull, 1e-7)


def _area(boxes: Tensor) -> Tensor:
    return tf.reduce_prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
