"""Detectors that end in rows or offsets: they find one bright box on black, white or red.

Saved by ``main``, each as a SavedModel of float32 ``[N,64,64,3]`` in 0..1:

* ``yolo``: ``output_0`` ``[N,38,84]``, as YOLOv8 for segmentation: center, size, two classes and
  the weights of 32 prototypes, ``output_1`` ``[N,16,16,32]``, for each anchor. The box is in two
  anchors, so one of them has to be suppressed. Its mask is the half below its diagonal.
* ``raw_ssd``: ``mbox_loc`` ``[N,100,4]`` and ``mbox_conf`` ``[N,100,3]``: offsets from the anchors
  in ``anchors.npy``, and logits whose first column is the background.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.export.trained_models import SIDE, anchors

PIXELS = tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32, "images")


def bright_box(images: Any) -> tuple[Any, Any, Any]:
    """Return center x, y, width, height ``[N, 4]`` in 0..1, and whether it is white, and red."""
    bright = images[..., 0] > 0.5
    spans = []
    for axis in (1, 2):
        line = tf.cast(tf.reduce_any(bright, axis=axis), tf.float32)
        first = tf.cast(tf.argmax(line, axis=1), tf.float32)
        length = tf.reduce_sum(line, axis=1)
        spans.append(((first + length / 2) / SIDE, length / SIDE))
    (x, w), (y, h) = spans
    blue = tf.reduce_max(images[..., 2], axis=[1, 2])
    seen = tf.cast(w > 0, tf.float32)
    return tf.stack([x, y, w, h], axis=-1), seen * blue, seen * (1 - blue)


def triangle(box: Any) -> Any:
    """Return how much of y, of x and of 1 is in the logits of the box's mask: ``[N, 3]``."""
    x, y, w, h = tf.unstack(tf.maximum(box, 0.01), axis=-1)
    start = (x - w / 2) / w - (y - h / 2) / h
    return 60 * tf.stack([1 / h, -1 / w, start], axis=-1)


class Yolo(tf.Module):
    """Rows as YOLOv8 has them for segmentation."""

    @tf.function(input_signature=[PIXELS])
    def detect(self, images):
        box, white, red = bright_box(images)
        weights = tf.pad(triangle(box), [[0, 0], [0, 29]])
        row = tf.concat([box, white[:, None] * 0.9, red[:, None] * 0.9, weights], axis=-1)
        twin = tf.concat([box * [1, 1, 0.95, 0.95], row[:, 4:] * 0.8], axis=-1)
        rows = tf.concat([row[:, None], twin[:, None], tf.zeros_like(row[:, None])], axis=1)
        anchors = tf.gather(rows, [2] * 40 + [0, 1] + [2] * 42, axis=1)
        y, x = (np.mgrid[0:16, 0:16].astype(np.float32) + 0.5) / 16
        maps = np.pad(np.stack([y, x, np.ones_like(x)], axis=-1), [(0, 0), (0, 0), (0, 29)])
        prototypes = tf.tile(maps[None], [tf.shape(images)[0], 1, 1, 1])
        return {"output_0": tf.transpose(anchors, [0, 2, 1]), "output_1": prototypes}


class RawSsd(tf.Module):
    """Offsets from anchors, as SSD has them."""

    @tf.function(input_signature=[PIXELS])
    def detect(self, images):
        box, white, red = bright_box(images)
        prior = centered_anchors()[None]
        shift = (box[:, None, :2] - prior[..., :2]) / prior[..., 2:] / 0.1
        growth = tf.math.log(tf.maximum(box[:, None, 2:], 1e-3) / prior[..., 2:]) / 0.2
        near = 6 - 40 * tf.reduce_sum(tf.abs(box[:, None] - prior), axis=-1)
        columns = [tf.zeros_like(near)]
        columns += [near - 40 * (1 - seen[:, None]) for seen in (white, red)]
        offsets = tf.concat([shift, growth], axis=-1)
        return {"mbox_loc": offsets, "mbox_conf": tf.stack(columns, axis=-1)}


def centered_anchors() -> np.ndarray:
    """Return center x, center y, width, height: float32 ``[100, 4]``."""
    y0, x0, y1, x1 = anchors().T
    return np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], axis=-1)


def main(folder: Path) -> None:
    for name, module in (("yolo", Yolo()), ("raw_ssd", RawSsd())):
        tf.saved_model.save(module, str(folder / name), signatures=module.detect)
    np.save(folder / "anchors.npy", centered_anchors())
