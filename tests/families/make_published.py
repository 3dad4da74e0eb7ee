"""Make a model by its published shapes, where no library makes it: ``make_published.py NAME``.

The names and shapes of inputs and outputs, the feature maps, anchors and post-processing are those
of the model; the layers are fewer and thinner, and their weights random.

* ``movenet``: the SavedModel of MoveNet SinglePose Lightning.
* ``ssd300``: a checkpoint of SSD-300 on VGG-16, written by TensorFlow 1 in training.
* ``zoo``: the frozen graph of SSD on MobileNet, from TensorFlow's detection zoo for TensorFlow 1.
* ``efficientdet``: the SavedModel of EfficientDet-D0 without post-processing, at 512x512.
* ``inception``: Inception as TensorFlow Serving's example exports it: JPEGs in, names of the five
  best classes out.
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

from export.detectors.anchors import PRESETS  # noqa: E402
from tests.tutorials import movenet, ssd300  # noqa: E402

tf1 = tf.compat.v1

ZOO_SIDE, ZOO_CLASSES, MOST = 300, 90, 100
ZOO_BOXES = (3, 6, 6, 6, 6, 6)
"""Boxes of a cell, of the feature maps with 19, 10, 5, 3, 2 and 1 cells a side."""

EFFICIENTDET_SIDE, EFFICIENTDET_CLASSES, EFFICIENTDET_BOXES = 512, 90, 9

INCEPTION_SIDE, INCEPTION_CLASSES, INCEPTION_BEST = 299, 1001, 5

MEAN_LOGIT = -5.0
"""Of detectors' scores: a few boxes then have clearly more than the others."""

STANDING = (
    *((-12, 0), (-13, 1), (-13, -1), (-12, 2), (-12, -2)),
    *((-8, 4), (-8, -4), (-4, 6), (-4, -6), (0, 7), (0, -7)),
    *((1, 3), (1, -3), (7, 3), (7, -3), (13, 3), (13, -3)),
)
"""Where MoveNet expects the keypoints of a standing person: cells down and right of the center."""

_seeds = itertools.count(1)


def conv(x: Any, channels: int, size: int = 3, stride: int = 1, kind: str | None = "relu") -> Any:
    """Apply a convolution."""
    weights = keras.initializers.HeNormal(next(_seeds))
    layer = layers.Conv2D(
        channels, size, stride, "same", activation=kind, kernel_initializer=weights
    )
    return layer(x)


def spread(network: keras.Model, head: Any, deviation: float, mean: float) -> None:
    """Spread the values of a head, a tensor of ``network``, around a mean; else all are alike."""
    images = keras.random.uniform([1, *network.input.shape[1:]], -2, 2, seed=1)
    layer = head._keras_history.operation
    factor = deviation / float(keras.ops.std(keras.Model(network.input, head)(images)))
    kernel, bias = layer.get_weights()
    layer.set_weights([factor * kernel, bias * 0 + mean])


def zoo_heads() -> keras.Model:
    """Return the network: pixels in -1..1 to offsets ``[N,1917,4]`` and logits ``[N,1917,91]``."""
    x = images = keras.Input([ZOO_SIDE, ZOO_SIDE, 3])
    for channels in (8, 16, 32, 48):
        x = conv(x, channels, stride=2)
    encodings, predictions = [], []
    for boxes in ZOO_BOXES:
        encodings.append(conv(x, 4 * boxes, 1, kind=None))
        predictions.append(conv(x, (ZOO_CLASSES + 1) * boxes, 1, kind=None))
        x = conv(x, 48, stride=2)
    network = keras.Model(images, [rows(encodings, 4), rows(predictions, ZOO_CLASSES + 1)])
    for encoding, prediction in zip(encodings, predictions, strict=True):
        spread(network, encoding, 1.0, 0)
        spread(network, prediction, 1.0, MEAN_LOGIT)
    return network


def rows(heads: list[Any], columns: int) -> Any:
    """Return all boxes of all feature maps, ``[N, boxes, columns]``."""
    return layers.Concatenate(axis=1)([layers.Reshape([-1, columns])(head) for head in heads])


def write_zoo(folder: Path) -> None:
    """Write ``frozen_inference_graph.pb``: pictures of any size in, suppressed boxes out."""
    heads = zoo_heads()

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, "image_tensor")])
    def detect(image_tensor):
        resized = tf.image.resize(tf.cast(image_tensor, tf.float32), [ZOO_SIDE, ZOO_SIDE])
        encodings, logits = heads(resized * (2 / 255) - 1)
        boxes, scores, classes, count = tf.image.combined_non_max_suppression(
            decoded(encodings)[:, :, None],
            tf.sigmoid(logits)[..., 1:],
            max_output_size_per_class=MOST,
            max_total_size=MOST,
            iou_threshold=0.6,
            score_threshold=0.01,
        )
        return {
            "detection_boxes": boxes,
            "detection_scores": scores,
            "detection_classes": classes + 1,
            "num_detections": tf.cast(count, tf.float32),
        }

    folder.mkdir()
    (folder / "frozen_inference_graph.pb").write_bytes(frozen(detect))


def decoded(encodings: Any) -> Any:
    """Return boxes ``[N, 1917, 4]`` for encodings of ``tf-ssd``'s anchors."""
    grids, coding = PRESETS["tf-ssd"]
    anchors = grids.boxes((ZOO_SIDE, ZOO_SIDE))
    scaled = encodings * tf.constant(coding.variances)
    center = anchors[:, :2] + scaled[..., :2] * anchors[:, 2:]
    half = tf.exp(scaled[..., 2:]) * anchors[:, 2:] / 2
    return tf.concat([center - half, center + half], axis=-1)


def frozen(function: Any) -> bytes:
    """Return a function's graph with its variables as constants, and outputs named as its keys."""
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2_as_graph,
    )

    concrete = function.get_concrete_function()
    names = sorted(concrete.structured_outputs)
    constant, definition = convert_variables_to_constants_v2_as_graph(concrete)
    with tf.Graph().as_default() as graph:
        outputs = [tensor.name for tensor in constant.outputs]
        tensors = tf1.import_graph_def(definition, name="", return_elements=outputs)
        for name, tensor in zip(names, tensors, strict=True):
            tf.identity(tensor, name)
        content: bytes = graph.as_graph_def().SerializeToString()
    return content


def write_efficientdet(folder: Path) -> None:
    """Write a SavedModel with the class and box nets of the levels 3 to 7."""
    network = efficientdet()
    side = EFFICIENTDET_SIDE

    @tf.function(input_signature=[tf.TensorSpec([None, side, side, 3], tf.float32, "images")])
    def serve(images):
        return network(images)

    module = tf.Module()
    module.network, module.serve = network, serve
    tf.saved_model.save(module, str(folder), signatures=serve)


def efficientdet() -> keras.Model:
    """Return the network: a backbone, one pass down and one up between levels, and the heads."""
    x = images = keras.Input([EFFICIENTDET_SIDE, EFFICIENTDET_SIDE, 3])
    pyramid = []
    for channels in (8, 16, 32, 32, 32, 32, 32):
        x = conv(x, channels, stride=2)
        pyramid.append(x)
    levels = pyramid[2:]
    for i in (3, 2, 1, 0):
        up = layers.UpSampling2D()(levels[i + 1])
        levels[i] = conv(layers.Add()([levels[i], up]), 32)
    for i in (1, 2, 3, 4):
        down = layers.MaxPooling2D(3, 2, "same")(levels[i - 1])
        levels[i] = conv(layers.Add()([levels[i], down]), 32)
    outputs = {}
    for number, level in enumerate(levels, 3):
        columns = EFFICIENTDET_CLASSES * EFFICIENTDET_BOXES
        outputs[f"class_net_{number}"] = conv(level, columns, 1, kind=None)
        outputs[f"box_net_{number}"] = conv(level, 4 * EFFICIENTDET_BOXES, 1, kind=None)
    network = keras.Model(images, outputs)
    for name, head in outputs.items():
        spread(network, head, *((1.0, MEAN_LOGIT) if "class" in name else (0.2, 0)))
    return network


def write_movenet(folder: Path) -> None:
    """Write a SavedModel that expects keypoints where a standing person has them."""
    module = movenet.MoveNet()
    layer = module.network.output["expected"]._keras_history.operation
    kernel, _ = layer.get_weights()
    layer.set_weights([0.1 * kernel, np.float32(STANDING).ravel()])
    tf.saved_model.save(module, str(folder), signatures=module.estimate)


def write_inception(folder: Path) -> None:
    """Write a SavedModel with a lookup table for the names of classes."""
    network = inception()
    names = [f"thing {number}" for number in range(INCEPTION_CLASSES)]
    keys = tf.range(INCEPTION_CLASSES, dtype=tf.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(keys, names)
    table = tf.lookup.StaticHashTable(initializer, "UNKNOWN")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "images")])
    def predict_images(images):
        pixels = tf.map_fn(inception_pixels, images, fn_output_signature=tf.float32)
        best = tf.math.top_k(network(pixels), INCEPTION_BEST)
        classes = table.lookup(tf.cast(best.indices, tf.int64))
        return {"classes": classes, "scores": best.values}

    module = tf.Module()
    module.network, module.table, module.serve = network, table, predict_images
    tf.saved_model.save(module, str(folder), signatures={"predict_images": predict_images})


def inception_pixels(content: Any) -> Any:
    """Return the pixels of a JPEG in -1..1."""
    pixels = tf.image.decode_jpeg(content, channels=3)
    return tf.image.resize(pixels, [INCEPTION_SIDE, INCEPTION_SIDE]) / 127.5 - 1


def inception() -> keras.Model:
    """Return the network: pixels to probabilities ``[N, 1001]``."""
    x = images = keras.Input([INCEPTION_SIDE, INCEPTION_SIDE, 3])
    for channels in (8, 16, 32, 48):
        x = conv(x, channels, stride=2)
    logits = layers.Dense(INCEPTION_CLASSES)(layers.Flatten()(layers.MaxPooling2D(4)(x)))
    network = keras.Model(images, layers.Softmax()(logits))
    spread(network, logits, 15.0, 0)
    return network


MAKERS = {
    "movenet": write_movenet,
    "ssd300": ssd300.main,
    "zoo": write_zoo,
    "efficientdet": write_efficientdet,
    "inception": write_inception,
}


def main(name: str) -> None:
    """Write ``NAME``, a folder."""
    keras.utils.set_random_seed(1)
    np.random.seed(1)
    MAKERS[name](Path(name))


if __name__ == "__main__":
    main(sys.argv[1])
