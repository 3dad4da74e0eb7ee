"""Versions that take each other's place: run as a program, since it needs all of TensorFlow.

``python -m tests.e2e.switched_models FOLDER`` saves detectors ``FOLDER/1`` to ``FOLDER/6`` with
different inputs. Each finds one box, of the class that is its number.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

INPUTS = [
    tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor"),
    tf.TensorSpec([None], tf.string, "image"),
    tf.TensorSpec([1, None, None, 3], tf.uint8, "image"),
    tf.TensorSpec([None, 32, 32, 3], tf.uint8, "image"),
    tf.TensorSpec([None], tf.string, "image"),
    tf.TensorSpec([None, 64, 64, 3], tf.float32, "image"),
]


def detector(version: int, spec: tf.TensorSpec) -> Any:
    """Return a function that finds a box for each picture, and fails on those of other sizes."""

    @tf.function(input_signature=[spec])
    def detect(pictures):
        if spec.dtype == tf.string:
            light = tf.map_fn(brightness, pictures, fn_output_signature=tf.float32)
        else:
            side = spec.shape[1]
            shape = [-1, 3] if side is None else [-1, side * side * 3]
            light = tf.reduce_mean(tf.reshape(tf.cast(pictures, tf.float32), shape), axis=1)
            light = light[: tf.shape(pictures)[0]]
        count = tf.shape(pictures)[0]
        score = 0.9 + 0.0 * light[:, None]
        return {
            "detection_boxes": tf.tile(tf.constant([[[0.1, 0.2, 0.5, 0.6]]]), [count, 1, 1]),
            "detection_scores": score,
            "detection_classes": tf.fill([count, 1], float(version)),
            "num_detections": tf.fill([count], 1.0),
        }

    return detect


def brightness(jpeg: tf.Tensor) -> tf.Tensor:
    """Return the mean of a picture's values."""
    return tf.reduce_mean(tf.cast(tf.io.decode_jpeg(jpeg, 3), tf.float32))


def main(folder: Path) -> None:
    for version, spec in enumerate(INPUTS, 1):
        module = tf.Module()
        module.detect = detector(version, spec)
        tf.saved_model.save(
            module, str(folder / str(version)), signatures={"serving_default": module.detect}
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
