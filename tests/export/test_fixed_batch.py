"""Training graphs with their batch size in the placeholder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from export.tasks.task import TaskOptions
from export.verification import golden
from tests.export.opened import BLUE, GREEN, PROBES, RED, answers, converted, notes
from tests.export.test_served_outputs import saved

v1 = tf.compat.v1
Build = Callable[[Any, int], Any]
EYE = np.eye(3, dtype=np.float32)


def plain(image: Any, batch: int) -> Any:
    return tf.reduce_mean(image, [1, 2])


def reshaped(image: Any, batch: int) -> Any:
    flat = tf.reshape(image, [batch, -1])
    return tf.reduce_mean(tf.reshape(flat, [batch, 64, 3]), 1)


def through_rows(image: Any, batch: int) -> Any:
    """Every pixel is a row, so that the batch size is a factor of the first dimension."""
    rows = tf.reshape(image, [batch * 64, 3])
    return tf.reduce_mean(tf.reshape(rows @ EYE, [batch, 64, 3]), 1)


def squeezed(image: Any, batch: int) -> Any:
    mean = tf.reduce_mean(image, [1, 2], keepdims=True)
    return tf.reshape(mean, tf.stack([batch, 3]))


def normalized_by_the_batch(image: Any, batch: int) -> Any:
    mean = tf.reduce_mean(image, [1, 2])
    return (mean - tf.reduce_mean(mean, 0)) * 10


def tiled(image: Any, batch: int) -> Any:
    return tf.reduce_mean(image, [1, 2]) + tf.tile([[0.0, 0.0, 0.0]], [batch, 1])


def checkpoint(folder: Path, build: Build, batch: int) -> Path:
    """Write a classifier with labels, a loss and an optimizer."""
    graph = tf.Graph()
    with graph.as_default(), v1.Session() as session:
        image = v1.placeholder(tf.float32, [batch, 8, 8, 3], "image")
        labels = v1.placeholder(tf.int64, [batch], "labels")
        weights = v1.get_variable("w", initializer=EYE, use_resource=False)
        logits = tf.matmul(10 * build(image, batch), weights, name="logits")
        tf.nn.softmax(logits, name="prob")
        loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
        v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "model.ckpt"))
    return folder


OUTPUTS = {"probabilities": "prob"}


@pytest.mark.parametrize("build", [plain, reshaped, through_rows, squeezed])
@pytest.mark.parametrize("batch", [1, 8, 32])
@pytest.mark.parametrize("asked", [None, 1, 2])
def test_the_batch_is_opened(tmp_path: Path, build: Build, batch: int, asked: int | None) -> None:
    found = converted(checkpoint(tmp_path, build, batch), outputs=OUTPUTS, batch=asked)
    assert found.batch == asked
    if asked != batch:
        assert f"made for batches of {batch}, the graph now takes any number" in notes(found)
        values = answers(found, RED, GREEN, BLUE)["probabilities"]
        assert values.argmax(axis=1).tolist() == [0, 1, 2]


def test_the_graphs_own_batch_can_be_asked_for(tmp_path: Path) -> None:
    found = converted(checkpoint(tmp_path, plain, 8), outputs=OUTPUTS, batch=8)
    assert found.batch == 8
    assert answers(found, *[RED, BLUE] * 4)["probabilities"].shape == (8, 3)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (normalized_by_the_batch, "depends on the others in its batch (batch normalization"),
        (tiled, "the graph takes exactly 4 images per call: "),
    ],
)
def test_a_batch_that_cannot_be_opened_stays(tmp_path: Path, build: Build, reason: str) -> None:
    folder = checkpoint(tmp_path, build, 4)
    found = converted(folder, outputs=OUTPUTS)
    assert found.batch == 4
    assert reason in notes(found)
    assert answers(found, RED, GREEN, BLUE, RED)["probabilities"].shape == (4, 3)
    with pytest.raises(SourceError) as caught:
        converted(folder, outputs=OUTPUTS, batch=1)
    assert reason in str(caught.value)
    assert str(caught.value).endswith("; --batch 4, or no --batch, serves it like that")


def test_what_inference_wants_is_offered_without_labels(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"likely first: prob:0 \[4,3\], logits:0 \[4,3\]$"):
        converted(checkpoint(tmp_path, plain, 4))


def lost(images: Any) -> Any:
    """The graph's own batch is in a reshape, as in OpenCV's face detector."""
    return {
        "loc": tf.reshape(images, [tf.shape(images)[0], -1]),
        "conf": tf.reshape(images, [1, -1]),
    }


def test_an_output_without_a_row_per_image(tmp_path: Path) -> None:
    conversion = converted(saved(tmp_path, lost), TaskOptions("tensors"))
    message = r"one row per image: for 4 images, conf \[1, .*, loc \[4, .* add --batch 1"
    with pytest.raises(SourceError, match=message):
        golden.answers(conversion, PROBES)
