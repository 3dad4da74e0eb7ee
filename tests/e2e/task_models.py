"""Models of further tasks, which see one bright box on black: saved by ``main``.

* ``pose``: as MoveNet, int32 ``[1,64,64,3]``, and ``output_0`` ``[1,1,17,3]``. Its keypoints lie on
  the box's diagonal, from the upper left to the lower right corner.
* ``masks``: float32 ``[N,64,64,3]`` in 0..1, and ``output_0`` ``[N,64,64,4]``: scores of black,
  white, red and blue for each pixel.
* ``vector``: float32 ``[N,8,8,3]`` in 0..1, and ``embedding`` ``[N,3]``: twice the mean color.
* ``depth``: float32 ``[N,64,64,3]`` in 0..1, and ``depth`` ``[N,32,32,1]``: 3 where it is bright.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.e2e.raw_detectors import PIXELS, bright_box
from tests.export.trained_models import SIDE


class Pose(tf.Module):
    """Keypoints as MoveNet has them."""

    @tf.function(input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.int32, "input")])
    def estimate(self, input):
        box, white, red = bright_box(tf.cast(input, tf.float32) / 255)
        x, y, w, h = tf.unstack(box[..., None], axis=1)
        along = np.linspace(-0.5, 0.5, 17, dtype=np.float32)
        score = tf.fill([1, 17], 0.9) * (white + red)[:, None]
        return {"output_0": tf.stack([y + along * h, x + along * w, score], axis=-1)[:, None]}


class Masks(tf.Module):
    """Scores of each pixel's classes."""

    @tf.function(input_signature=[PIXELS])
    def segment(self, images):
        colors = tf.constant([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1]], tf.float32)
        distances = tf.reduce_sum(tf.abs(images[..., None, :] - colors), axis=-1)
        return {"output_0": -distances}


class Vector(tf.Module):
    """The mean color, as an embedding."""

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32, "images")])
    def embed(self, images):
        return {"embedding": 2 * tf.reduce_mean(images, axis=[1, 2])}


class Depth(tf.Module):
    """Bright is far away."""

    @tf.function(input_signature=[PIXELS])
    def measure(self, images):
        return {"depth": 3 * tf.reduce_max(images, axis=-1, keepdims=True)[:, ::2, ::2]}


def main(folder: Path) -> None:
    pose, masks, vector, depth = Pose(), Masks(), Vector(), Depth()
    tf.saved_model.save(pose, str(folder / "pose"), signatures=pose.estimate)
    tf.saved_model.save(masks, str(folder / "masks"), signatures=masks.segment)
    tf.saved_model.save(vector, str(folder / "vector"), signatures=vector.embed)
    tf.saved_model.save(depth, str(folder / "depth"), signatures=depth.measure)
