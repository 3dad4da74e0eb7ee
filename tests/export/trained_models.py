"""Trained models of every kind, with weights that are known to be right.

The detectors find one bright box on black whose sides lie on quarters of the image; class 0
is white, class 1 red. The classifiers distinguish dark, gray and light images, or red, green and
blue ones.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

SIDE = 64
CELLS = 4


def anchors() -> np.ndarray:
    """Return every box with sides on quarters, ymin, xmin, ymax, xmax: float32 ``[100, 4]``."""
    spans = list(itertools.combinations(np.linspace(0, 1, CELLS + 1), 2))
    return np.array([(y0, x0, y1, x1) for y0, y1 in spans for x0, x1 in spans], np.float32)


def _cells_inside() -> np.ndarray:
    """Return which of the 16 cells lie in which anchor: float32 ``[16, 100]``."""
    middles = (np.arange(CELLS) + 0.5) / CELLS
    y, x = (each.reshape(-1, 1) for each in np.meshgrid(middles, middles, indexing="ij"))
    y0, x0, y1, x1 = anchors().T
    return ((y > y0) & (y < y1) & (x > x0) & (x < x1)).astype(np.float32)


def tf1_detector(folder: Path, clip: bool = True) -> Path:
    """Write the checkpoint of an SSD-style detector, as a TensorFlow 1 training run does.

    ``Placeholder`` float32 ``[?, 64, 64, 3]`` in -1..1; ``decoded/boxes`` ``[?, 200, 4]``, each
    anchor twice; ``class_logits`` ``[?, 200, 3]``, background first. Dropout needs
    ``is_training``.
    """
    graph = tf.Graph()
    with graph.as_default():
        image = v1.placeholder(tf.float32, [None, SIDE, SIDE, 3], "Placeholder")
        is_training = v1.placeholder(tf.bool, [], "is_training")
        with tf.device("/device:GPU:3"):
            features = _features(image)
        features = v1.cond(is_training, lambda: v1.nn.dropout(features, rate=0.5), lambda: features)
        logits = _class_logits(features)
        boxes = _decoded(features)
        loss = tf.reduce_sum(logits) + tf.reduce_sum(boxes)
        step = v1.train.get_or_create_global_step()
        train = v1.train.AdamOptimizer(1e-12).minimize(loss, global_step=step)
        feeds = {image: np.zeros([1, SIDE, SIDE, 3]), is_training: True}
        return _save(graph, folder / "model.ckpt", train, feeds)


def _features(image: tf.Tensor) -> tf.Tensor:
    """Return how white and how red each cell is in 0..1: ``[?, 16, 2]``."""
    size = SIDE // CELLS
    kernel = np.zeros([size, size, 3, 2], np.float32)
    kernel[:, :, 1, 0] = 1
    kernel[:, :, 0, 1], kernel[:, :, 1, 1] = 1, -1
    weights = _variable("features/weights", kernel / size**2 / 2)
    bias = _variable("features/biases", np.array([0.5, 0.0], np.float32))
    cells = tf.nn.conv2d(image, weights, size, "VALID") + bias
    return tf.reshape(cells, [-1, CELLS * CELLS, 2])


def _class_logits(features: tf.Tensor) -> tf.Tensor:
    """Return 4 for the anchor that matches the bright area, and at most -4 for the others."""
    inside = _cells_inside()
    kernel = 8 * np.concatenate([2 * inside - 1] * 2, axis=1)
    bias = 4 - 8 * np.concatenate([inside.sum(axis=0)] * 2)
    weights = _variable("head/weights", kernel.astype(np.float32))
    biases = _variable("head/biases", bias.astype(np.float32), use_resource=True)
    logits = tf.einsum("nkc,ka->nac", features, weights) + biases[None, :, None]
    background = tf.zeros_like(logits[:, :, :1])
    return tf.concat([background, logits], axis=2, name="class_logits")


def _decoded(features: tf.Tensor) -> tf.Tensor:
    """Return the anchors, moved by offsets that training has learned to be zero."""
    weights = _variable("offsets/weights", np.zeros([32, 200 * 4], np.float32))
    offsets = tf.reshape(tf.reshape(features, [-1, 32]) @ weights, [-1, 200, 4])
    with v1.name_scope("decoded"):
        return tf.add(tf.constant(np.concatenate([anchors()] * 2)), offsets, name="boxes")


def tf1_classifier(folder: Path) -> Path:
    """Write a classifier's checkpoint: ``input`` ``[?, 8, 8, 3]`` in 0..1 to ``Softmax``."""
    graph = tf.Graph()
    with graph.as_default():
        image = v1.placeholder(tf.float32, [None, 8, 8, 3], "input")
        levels = np.array([0.0, 0.5, 1.0], np.float32)
        light = tf.reduce_mean(image, [1, 2, 3])[:, None]
        weights = _variable("dense/kernel", 160 * levels[None])
        logits = light @ weights + _variable("dense/bias", -80 * levels**2)
        probabilities = tf.nn.softmax(logits, name="Softmax")
        train = v1.train.MomentumOptimizer(1e-12, 0.9).minimize(tf.reduce_sum(probabilities))
        return _save(graph, folder / "model.ckpt-7", train, {image: np.zeros([1, 8, 8, 3])})


def _variable(name: str, value: np.ndarray, use_resource: bool = False) -> tf.Tensor:
    return v1.get_variable(
        name, initializer=tf.constant(value), use_resource=use_resource, dtype=tf.float32
    )


def _save(graph: tf.Graph, prefix: Path, train: tf.Operation, feeds: dict) -> Path:
    prefix.parent.mkdir(parents=True, exist_ok=True)
    saver = v1.train.Saver()
    with v1.Session(graph=graph, config=v1.ConfigProto(allow_soft_placement=True)) as session:
        session.run(v1.global_variables_initializer())
        session.run(train, feeds)
        saver.save(session, str(prefix))
    return prefix


def colours(classes: int = 3) -> tf.keras.Model:
    """Return an untrained Keras classifier (red, green, blue) of ``[?, 8, 8, 3]`` in 0..255."""
    image = tf.keras.Input([8, 8, 3], name="image")
    scaled = tf.keras.layers.Rescaling(1 / 255)(image)
    mean = tf.keras.layers.GlobalAveragePooling2D()(scaled)
    return tf.keras.Model(
        image, tf.keras.layers.Dense(classes, activation="softmax", name="head")(mean)
    )


def trained_colours() -> tf.keras.Model:
    """Return the same classifier, trained."""
    model = colours()
    model.get_layer("head").set_weights([20 * np.eye(3), np.zeros(3)])
    return model


def keras_files(folder: Path) -> None:
    """Write ``colours.keras``, ``.h5``, ``.weights.h5`` and the checkpoint ``tf2/ckpt-1``."""
    folder.mkdir(parents=True, exist_ok=True)
    model = trained_colours()
    model.compile(tf.keras.optimizers.Adam(1e-12), "mse")
    model.train_on_batch(np.zeros([1, 8, 8, 3]), np.zeros([1, 3]))
    for suffix in (".keras", ".h5"):
        model.save(folder / f"colours{suffix}")
    model.save_weights(folder / "colours.weights.h5")
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=tf.Variable(3))
    checkpoint.save(str(folder / "tf2" / "ckpt"))
