"""``python -m tests.tutorials.movenet movenet``: MoveNet SinglePose Lightning, as it is downloaded.

A SavedModel that takes one image, int32 ``[1, 192, 192, 3]`` in 0..255, and returns
``[1, 1, 17, 3]``: y, x and score of a person's keypoints. It looks for them as MoveNet does: the
best center of a person, where its keypoints should be from there, and the best peak near each. The
layers are fewer and thinner, and their weights random, so the skeleton means nothing.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

from export.commands.loading import load_tensorflow

load_tensorflow()
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

SIDE, CELLS, POINTS = 192, 48, 17
NEARNESS = 1.8
"""Cells that are added to a distance, so that peaks close by count about the same."""
HEADS = {"centers": 1, "expected": 2 * POINTS, "heat": POINTS, "offsets": 2 * POINTS}

_seeds = itertools.count(1)


def conv(x: Any, channels: int, size: int = 3, stride: int = 1, kind: str = "relu") -> Any:
    """Apply a convolution."""
    weights = keras.initializers.HeNormal(next(_seeds))
    layer = layers.Conv2D(
        channels, size, stride, "same", activation=kind, kernel_initializer=weights
    )
    return layer(x)


def network() -> keras.Model:
    """Return the model from pixels in -1..1 to the heads, each ``[1, 48, 48, ...]``."""
    images = keras.Input([SIDE, SIDE, 3], 1)
    fine = conv(conv(images, 8, stride=2), 16, stride=2)
    coarse = conv(conv(fine, 32, stride=2), 32, stride=2)
    x = conv(layers.Concatenate()([fine, layers.UpSampling2D(4)(coarse)]), 24)
    return keras.Model(
        images, {name: conv(conv(x, 24), count, 1, kind="linear") for name, count in HEADS.items()}
    )


class MoveNet(tf.Module):
    """The network with its search for keypoints."""

    def __init__(self) -> None:
        super().__init__()
        self.network = network()

    @tf.function(input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.int32, "input")])
    def estimate(self, input):
        maps = self.network(tf.cast(input, tf.float32) / 127.5 - 1)
        center = best(maps["centers"])
        expected = pairs(tf.gather(tf.reshape(maps["expected"], [-1, 2 * POINTS]), center))
        expected = expected[0] + tf.gather(grid(), center)
        heat = tf.sigmoid(tf.reshape(maps["heat"], [-1, POINTS]))
        distances = tf.norm(grid()[:, None] - expected[None], axis=-1)
        peaks = tf.argmax(heat / (distances + NEARNESS), axis=0)
        offsets = tf.reshape(maps["offsets"], [-1, POINTS, 2])
        at = tf.stack([peaks, tf.range(POINTS, dtype=tf.int64)], axis=-1)
        places = (tf.gather(grid(), peaks) + tf.gather_nd(offsets, at)) / CELLS
        rows = tf.concat([places, tf.gather_nd(heat, at)[:, None]], axis=-1)
        return {"output_0": rows[None, None]}


def grid() -> tf.Tensor:
    """Return y and x of each cell, float32 ``[2304, 2]``."""
    line = np.arange(CELLS, dtype=np.float32)
    return tf.constant(np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2))


def best(centers: tf.Tensor) -> tf.Tensor:
    """Return the cell of the best center ``[1]``; those near the middle are preferred."""
    nearness = 1 / (tf.norm(grid() - CELLS / 2, axis=-1) + NEARNESS)
    return tf.argmax(tf.sigmoid(tf.reshape(centers, [1, -1])) * nearness, axis=1)


def pairs(values: tf.Tensor) -> tf.Tensor:
    """Return ``[1, 17, 2]`` of ``[1, 34]``."""
    return tf.reshape(values, [-1, POINTS, 2])


def main(folder: Path) -> None:
    """Write the SavedModel."""
    module = MoveNet()
    tf.saved_model.save(module, str(folder), signatures=module.estimate)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
