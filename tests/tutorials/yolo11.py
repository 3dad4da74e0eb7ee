"""``python -m tests.tutorials.yolo11 best_saved_model``: what Ultralytics exports a YOLO11 to.

A SavedModel that takes one image, float32 ``[1, 320, 320, 3]`` in 0..1, and returns a column for
each of 2100 anchors: center, width and height in pixels, and a score for each class. The feature
maps, the distributions of distances and the files are those of a YOLO11; the layers are fewer and
thinner, and their weights random, so the boxes mean nothing.
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
from keras import layers, ops  # noqa: E402

SIDE, STRIDES, BINS = 320, (8, 16, 32), 16
"""``BINS``: the distance of a side is the mean of a distribution over 0 to 15 strides."""
LABELS = ("helmet", "head", "person")
METADATA = """\
description: Ultralytics YOLO11n model trained on helmets.yaml
author: Ultralytics
stride: 32
task: detect
head: Detect
batch: 1
imgsz:
- {side}
- {side}
names:
{names}
"""

_seeds = itertools.count(1)


def conv(x: Any, channels: int, size: int = 3, stride: int = 1) -> Any:
    """Apply a convolution with SiLU."""
    weights = keras.initializers.VarianceScaling(3.0, seed=next(_seeds))
    layer = layers.Conv2D(
        channels, size, stride, "same", activation="silu", kernel_initializer=weights
    )
    return layer(x)


def neck(images: Any) -> list[Any]:
    """Return the feature maps of the three strides: a backbone, and a path back up."""
    x, maps = images, []
    for channels in (8, 16, 32, 64, 64):
        x = conv(conv(x, channels, stride=2), channels)
        maps.append(x)
    fine, middle, coarse = maps[2:]
    middle = conv(layers.Concatenate()([layers.UpSampling2D()(coarse), middle]), 64)
    fine = conv(layers.Concatenate()([layers.UpSampling2D()(middle), fine]), 32)
    return [fine, middle, coarse]


def head(x: Any, channels: int, spread: float, bias: float = 0.0) -> Any:
    """Return ``channels`` values for each cell: ``[1, h * w, channels]``."""
    weights = keras.initializers.RandomNormal(0.0, spread, next(_seeds))
    start = keras.initializers.Constant(bias)
    x = layers.Conv2D(channels, 1, kernel_initializer=weights, bias_initializer=start)(conv(x, 32))
    return layers.Reshape([-1, channels])(x)


def anchors() -> tuple[np.ndarray, np.ndarray]:
    """Return the centers ``[1, 2100, 2]``, x and y, and strides ``[1, 2100, 1]``, in pixels."""
    centers, strides = [], []
    for stride in STRIDES:
        line = (np.arange(SIDE // stride, dtype=np.float32) + 0.5) * stride
        centers.append(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2))
        strides.append(np.full([len(centers[-1]), 1], stride, np.float32))
    return np.concatenate(centers)[None], np.concatenate(strides)[None]


def boxes(bins: Any) -> Any:
    """Return center x, center y, width, height ``[1, 2100, 4]`` in pixels."""
    centers, strides = anchors()
    shares = ops.softmax(ops.reshape(bins, [-1, bins.shape[1], 4, BINS]), axis=-1)
    distances = ops.sum(shares * np.arange(BINS, dtype=np.float32), axis=-1)
    distances = distances * strides
    low, high = ops.subtract(centers, distances[..., :2]), ops.add(centers, distances[..., 2:])
    return ops.concatenate([(low + high) / 2, high - low], axis=-1)


def save(model: keras.Model, folder: Path) -> None:
    """Write a SavedModel that takes one image, as Ultralytics' ``batch=1`` makes it."""

    @tf.function(input_signature=[tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32, "images")])
    def serve(images):
        return {"output_0": model(images)}

    module = tf.Module()
    module.model, module.serve = model, serve
    tf.saved_model.save(module, str(folder), signatures=serve)


def main(folder: Path) -> None:
    """Write the SavedModel and its ``metadata.yaml``."""
    images = keras.Input([SIDE, SIDE, 3], 1, name="images")
    maps = neck(images)
    bins = layers.Concatenate(axis=1)([head(x, 4 * BINS, 12.0) for x in maps])
    scores = layers.Concatenate(axis=1)([head(x, len(LABELS), 12.0, -8.0) for x in maps])
    rows = ops.concatenate([boxes(bins), ops.sigmoid(scores)], axis=-1)
    save(keras.Model(images, ops.transpose(rows, [0, 2, 1])), folder)
    names = "\n".join(f"  {number}: {label}" for number, label in enumerate(LABELS))
    (folder / "metadata.yaml").write_text(METADATA.format(side=SIDE, names=names))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
