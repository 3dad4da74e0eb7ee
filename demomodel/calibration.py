"""Calibrate the scores, so that few boxes in pictures without digits reach the usual threshold."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from demomodel.decoding import detect
from demomodel.network import Detector

SCORE = 0.5
"""The score from which clients show a box."""

RATE = 0.05
"""The boxes per picture without digits that may reach it."""

_BATCH = 16


def calibrate(network: Detector, pictures: np.ndarray) -> float:
    """Lower all scores so that ``RATE`` boxes per picture reach ``SCORE``, unless fewer do already.

    ``pictures``: uint8 ``[n, 192, 192, 3]``, without digits and not from training. The order of the
    scores, and with it the average precision, stays the same. Return by how much the logits were
    lowered.
    """
    best_first = np.sort(scores(network, pictures))[::-1]
    limit = float(best_first[int(RATE * len(pictures))])
    if limit < SCORE:
        return 0.0
    lowered = float(np.log(limit / (1.0 - limit))) + _MARGIN
    network.classes.bias.assign_sub(tf.fill(network.classes.bias.shape, lowered))
    return lowered


def scores(network: Detector, pictures: np.ndarray) -> np.ndarray:
    """Return the scores of all boxes in ``pictures``, and zeros."""
    parts = [pictures[at : at + _BATCH] for at in range(0, len(pictures), _BATCH)]
    outputs = [detect(*network(tf.cast(part, tf.float32)))["detection_scores"] for part in parts]
    return np.concatenate([output.numpy().ravel() for output in outputs])


_MARGIN = 1e-3
"""So that the first box that is too many stays below the threshold."""
