"""Activations of scores."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor


def activate(scores: Tensor, activation: str, background: bool) -> Tensor:
    """Apply one of ``task.ACTIVATIONS`` to scores ``[..., C]``, and drop the background's column.

    The result is float32.
    """
    scores = tf.cast(scores, tf.float32)
    if activation == "sigmoid":
        scores = tf.sigmoid(scores)
    elif activation == "softmax":
        scores = tf.nn.softmax(scores)
    return scores[..., 1:] if background else scores
