"""Models that are not the demo model: run as a program, since it needs all of TensorFlow.

``python -m tests.e2e.other_models FOLDER`` saves, each as version 1:

* ``zoo``: as TensorFlow's detection zoo does, uint8 [1,H,W,3] of any size and one
  picture a call. Its one box is around what is brighter than half.
* ``classifier``: float32 [N,8,8,3] in 0..1, ``probabilities`` for dark, grey, light.
* ``raw``: uint8 [N,4,4,3], and an output that no task has words for: mean colours.
* ``ragged``: the same, with an output that is not a tensor.
* ``mute``: the same, with a ``describe`` signature that fails on every call.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf


class Zoo(tf.Module):
    """A detector with a batch dimension of 1."""

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor")])
    def detect(self, input_tensor):
        size = tf.cast(tf.shape(input_tensor)[1:3], tf.float32)
        bright = tf.where(tf.reduce_mean(tf.cast(input_tensor[0], tf.float32), axis=2) > 128)
        low = tf.cast(tf.reduce_min(bright, axis=0), tf.float32) / size
        high = tf.cast(tf.reduce_max(bright, axis=0) + 1, tf.float32) / size
        box = tf.concat([low, high], 0)
        return {
            "detection_boxes": tf.reshape(tf.stack([box, tf.zeros(4)]), [1, 2, 4]),
            "detection_scores": tf.constant([[0.9, 0.0]]),
            "detection_classes": tf.constant([[1.0, 1.0]]),
            "num_detections": tf.constant([1.0]),
        }


class Classifier(tf.Module):
    """How light a picture is."""

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32, "pixels")])
    def classify(self, pixels):
        light = tf.reduce_mean(pixels, axis=[1, 2, 3])
        distances = tf.abs(light[:, None] - tf.constant([[0.0, 0.5, 1.0]]))
        return {"probabilities": tf.nn.softmax(-20 * distances)}


class Raw(tf.Module):
    """The mean colour."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.uint8, "pixels")])
    def colour(self, pixels):
        return {"colour": tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2])}


class Ragged(tf.Module):
    """Rows of different lengths."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.uint8, "pixels")])
    def rows(self, pixels):
        lengths = tf.range(tf.shape(pixels)[0])
        return {"rows": tf.RaggedTensor.from_row_lengths(tf.range(tf.reduce_sum(lengths)), lengths)}


class Mute(Raw):
    """A model that cannot describe itself."""

    @tf.function(input_signature=[])
    def describe(self):
        number = tf.strings.to_number(tf.constant("not a number"))
        return {"description": tf.strings.as_string(number)}


def main(folder: Path) -> None:
    zoo, classifier, raw, mute = Zoo(), Classifier(), Raw(), Mute()
    save(zoo, folder / "zoo", serving_default=zoo.detect)
    save(classifier, folder / "classifier", serving_default=classifier.classify)
    save(raw, folder / "raw", serving_default=raw.colour)
    ragged = Ragged()
    save(ragged, folder / "ragged", serving_default=ragged.rows)
    save(mute, folder / "mute", serving_default=mute.colour, describe=mute.describe)


def save(module: tf.Module, folder: Path, **signatures: Any) -> None:
    """Save ``module`` as version 1 below ``folder``."""
    tf.saved_model.save(module, str(folder / "1"), signatures=signatures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
