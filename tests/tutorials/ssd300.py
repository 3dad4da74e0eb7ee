"""``python -m tests.tutorials.ssd300 run``: a checkpoint such as a course on SSD leaves behind.

SSD-300 in TensorFlow 1, as its training graph: the images come from an input pipeline, the six
feature maps have a head each, and losses and an optimizer hang behind them. The layers have an
eighth of the usual channels and random weights, so the boxes mean nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from export.commands.loading import load_tensorflow

load_tensorflow()
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

tf1 = tf.compat.v1

SIDE, CLASSES, STEP = 300, 21, 120_000
MAPS = {"block4": (38, 4), "block7": (19, 6), "block8": (10, 6)}
MAPS |= {"block9": (5, 6), "block10": (3, 4), "block11": (1, 4)}
"""The cells of a side and the boxes of a cell, of each feature map."""

BACKGROUND = 5.0
"""How much likelier the background is at first, in logits: few boxes have anything in them."""

BOXES = sum(cells * cells * boxes for cells, boxes in MAPS.values())


def conv(
    name: str,
    images: Any,
    channels: int,
    size: int = 3,
    stride: int = 1,
    padding: str = "SAME",
    rate: int = 1,
) -> Any:
    """Apply a convolution with ReLU."""
    with tf1.variable_scope(name):
        shape = [size, size, int(images.shape[-1]), channels]
        weights = tf1.get_variable("weights", shape, initializer=tf1.variance_scaling_initializer())
        biases = tf1.get_variable("biases", [channels], initializer=tf1.zeros_initializer())
        features = tf.nn.conv2d(images, weights, stride, padding, dilations=rate)
        return tf.nn.relu(tf.nn.bias_add(features, biases))


def backbone(images: Any) -> dict[str, Any]:
    """Return the feature maps: VGG-16, thinned, and SSD's further blocks."""
    maps = {}
    x = images
    for block, (layers, channels) in enumerate([(2, 8), (2, 16), (3, 32), (3, 64)], 1):
        if block > 1:
            x = tf1.nn.max_pool(x, 2, 2, "SAME")
        for layer in range(1, layers + 1):
            x = conv(f"block{block}/conv{layer}", x, channels)
    maps["block4"] = tf.nn.l2_normalize(x, -1) * tf1.get_variable(
        "block4/gamma", [64], initializer=tf1.constant_initializer(20.0)
    )
    x = tf1.nn.max_pool(x, 2, 2, "SAME")
    for layer in range(1, 4):
        x = conv(f"block5/conv{layer}", x, 64)
    x = conv("block6", tf1.nn.max_pool(x, 3, 1, "SAME"), 128, rate=6)
    x = maps["block7"] = conv("block7", x, 128, size=1)
    for block, stride, padding in [(8, 2, "SAME"), (9, 2, "SAME"), (10, 1, "VALID")]:
        x = conv(f"block{block}/conv1x1", x, 32, size=1)
        x = maps[f"block{block}"] = conv(f"block{block}/conv3x3", x, 64, 3, stride, padding)
    x = conv("block11/conv1x1", x, 32, size=1)
    maps["block11"] = conv("block11/conv3x3", x, 64, padding="VALID")
    return maps


def head(name: str, features: Any, boxes: int, values: int) -> Any:
    """Return ``values`` for each box of each cell: ``[N, h, w, boxes, values]``."""
    with tf1.variable_scope(name):
        shape = [3, 3, int(features.shape[-1]), boxes * values]
        weights = tf1.get_variable(
            "weights", shape, initializer=tf1.truncated_normal_initializer(stddev=0.02)
        )
        start = np.tile([BACKGROUND] + [0.0] * (values - 1), boxes) if values > 4 else 0.0
        biases = tf1.get_variable(
            "biases", [boxes * values], initializer=tf1.constant_initializer(start)
        )
        rows = tf.nn.bias_add(tf.nn.conv2d(features, weights, 1, "SAME"), biases)
        return tf.reshape(rows, [-1, *features.shape[1:3], boxes, values], name="rows")


def rows(heads: list[Any], values: int) -> Any:
    """Return the rows of all feature maps: ``[N, 8732, values]``."""
    return tf.concat([tf.reshape(one, [tf.shape(one)[0], -1, values]) for one in heads], 1)


def pipeline() -> tuple[Any, Any, Any]:
    """Return images, classes and offsets, out of an input pipeline."""
    shapes = ([SIDE, SIDE, 3], [BOXES], [BOXES, 4])
    types = (tf.float32, tf.int32, tf.float32)
    examples = tuple(tf.zeros(shape, kind) for shape, kind in zip(shapes, types, strict=True))
    batches = tf1.data.Dataset.from_tensors(examples).repeat().batch(8)
    found: tuple[Any, Any, Any] = tf1.data.make_one_shot_iterator(batches).get_next()
    return found


def main(folder: Path) -> None:
    """Write ``model.ckpt-120000`` with its graph."""
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.set_random_seed(1)
        images, classes, offsets = pipeline()
        with tf1.variable_scope("ssd_300_vgg"):
            maps = backbone(images)
            loc, conf = [], []
            for name, (_, boxes) in MAPS.items():
                loc.append(head(f"{name}_box/loc", maps[name], boxes, 4))
                conf.append(head(f"{name}_box/conf", maps[name], boxes, CLASSES))
                tf.nn.softmax(conf[-1], name=f"{name}_box/predictions")
        loss = tf1.losses.sparse_softmax_cross_entropy(classes, rows(conf, CLASSES))
        loss += tf1.losses.huber_loss(offsets, rows(loc, 4))
        tf1.train.MomentumOptimizer(1e-3, 0.9).minimize(loss)
        session.run(tf1.global_variables_initializer())
        folder.mkdir(parents=True, exist_ok=True)
        tf1.train.Saver().save(session, str(folder / "model.ckpt"), global_step=STEP)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
