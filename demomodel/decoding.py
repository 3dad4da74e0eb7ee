"""Decode the network's grid to boxes: scores, sides, and non-maximum suppression, in the graph."""

from __future__ import annotations

import tensorflow as tf

from demomodel.network import CELLS, INPUT_SIZE, STRIDE, Tensor
from export.tasks.suppression import Suppression

MAX_BOXES = 50
MIN_SCORE = 0.05
MAX_OVERLAP = 0.5
"""The largest intersection over union of two boxes of one class that are both kept."""

_BEST = Suppression(MAX_OVERLAP, MIN_SCORE, MAX_BOXES, candidates=100)
"""A digit that could be either of two is answered as both, each with its score."""


def centers() -> Tensor:
    """Return the center of each cell: float32 ``[576, 2]``, y and x in pixels."""
    line = (tf.range(CELLS, dtype=tf.float32) + 0.5) * STRIDE
    y, x = tf.meshgrid(line, line, indexing="ij")
    return tf.reshape(tf.stack([y, x], axis=-1), [-1, 2])


def boxes_of(distances: Tensor) -> Tensor:
    """Convert distances ``[N, 576, 4]`` to boxes: ymin, xmin, ymax, xmax in 0..1."""
    at = centers()[None]
    low, high = at - distances[..., :2], at + distances[..., 2:]
    return tf.clip_by_value(tf.concat([low, high], axis=-1) / INPUT_SIZE, 0.0, 1.0)


def detect(logits: Tensor, distances: Tensor) -> dict[str, Tensor]:
    """Return the detections, best first and padded with zeros, under TensorFlow's names.

    ``logits``: float32 ``[N, 24, 24, 10]``. ``distances``: float32 ``[N, 24, 24, 4]``. The
    results are float32: boxes ``[N, 50, 4]`` as ymin, xmin, ymax, xmax in 0..1, scores and classes
    ``[N, 50]``, and num_detections ``[N]``.
    """
    cells = CELLS * CELLS
    scores = tf.sigmoid(tf.reshape(logits, [-1, cells, logits.shape[-1]]))
    return _BEST(boxes_of(tf.reshape(distances, [-1, cells, 4])), scores, None)
