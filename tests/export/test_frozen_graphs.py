"""Frozen graphs: recognized outputs and inputs, in binary and as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from export.serving.description import describe
from export.tasks.task import TaskOptions
from tests.export.opened import BLUE, GREEN, RED, answers, converted, notes

v1 = tf.compat.v1
ORDER = np.eye(3, dtype=np.float32)[::-1]
"""Weights that give blue class 0 and red class 2."""


def classifier() -> None:
    image = v1.placeholder(tf.float32, [None, 8, 8, 3], "input")
    tf.nn.softmax(20 * tf.reduce_mean(image, [1, 2]) @ tf.constant(ORDER), name="final_result")


def with_default_input() -> None:
    """A retrained network, in which the bottleneck can be fed as well."""
    image = v1.placeholder(tf.float32, [1, 8, 8, 3], "input")
    bottleneck = tf.reshape(tf.reduce_mean(image, [1, 2]), [1, 3])
    fed = v1.placeholder_with_default(bottleneck, [None, 3], "BottleneckInput")
    tf.nn.softmax(20 * fed @ tf.constant(ORDER), name="final_result")


def with_switch() -> None:
    image = v1.placeholder(tf.float32, [None, 8, 8, 3], "input")
    v1.placeholder(tf.bool, [], "is_training")
    tf.nn.softmax(20 * tf.reduce_mean(image, [1, 2]) @ tf.constant(ORDER), name="scope/prob")


def with_training_left() -> None:
    """A graph that was written without cutting the loss off."""
    image = v1.placeholder(tf.float32, [None, 8, 8, 3], "input")
    labels = v1.placeholder(tf.int64, [None], "labels")
    logits = 20 * tf.reduce_mean(image, [1, 2]) @ tf.constant(ORDER)
    tf.nn.softmax(logits, name="prob")
    v1.losses.sparse_softmax_cross_entropy(labels, logits)


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("build", [classifier, with_default_input, with_switch, with_training_left])
def test_a_frozen_graph(tmp_path: Path, build: Callable[[], None], text: bool) -> None:
    found = converted(written(tmp_path, build, text))
    assert found.task.name == "classification"
    assert answers(found, RED, GREEN, BLUE)["probabilities"].argmax(axis=1).tolist() == [2, 1, 0]


def written(folder: Path, build: Callable[[], None], text: bool = False) -> Path:
    graph = tf.Graph()
    with graph.as_default():
        build()
    tf.io.write_graph(graph, str(folder), "some.graph", as_text=text)
    return folder / "some.graph"


def detector() -> None:
    image = v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
    count = tf.shape(image)[0]
    tf.tile([[[0.1, 0.2, 0.5, 0.6]]], [count, 1, 1], name="detection_boxes")
    tf.tile([[0.9]], [count, 1], name="detection_scores")
    tf.tile([[2.0]], [count, 1], name="detection_classes")
    tf.ones([count], name="num_detections")
    tf.tile([[[[0.5, 0.25]]]], [count, 1, 1, 1], name="detection_keypoints")
    tf.identity(tf.cast(image, tf.float32), name="Preprocessor/resized")


def test_a_detector_is_recognized_by_the_names_of_its_outputs(tmp_path: Path) -> None:
    found = converted(written(tmp_path, detector), TaskOptions(then="faces"), batch=1)
    assert found.task.name == "detection"
    assert json.loads(describe("people", found))["then"] == "faces"
    outputs = answers(found, RED)
    assert outputs["detection_classes"].tolist() == [[2]]
    assert outputs["detection_keypoints"].tolist() == [[[[0.5, 0.25]]]]


def test_only_a_detector_has_boxes_for_a_second_model(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--then is for detectors; the task is classification"):
        converted(written(tmp_path, classifier), TaskOptions(then="faces"))


def heads_of_one_name() -> None:
    """Two ends whose names differ in their scopes, as Keras names a layer's only operation."""
    image = v1.placeholder(tf.float32, [None, 16, 16, 3], "input")
    rows = tf.reshape(image, [-1, 64, 12]) - 0.5
    for scope, columns in (("loc_branch", 4), ("cls_branch", 2)):
        tf.concat([rows[..., :columns], rows[..., :columns]], 1, name=f"{scope}/concat")


def two_ends_of_one_operation() -> None:
    image = v1.placeholder(tf.float32, [None, 16, 16, 3], "input")
    tf.split(tf.reshape(image, [-1, 128, 6]) - 0.5, [4, 2], 2, name="heads/split")


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (heads_of_one_name, ["loc_branch/concat", "cls_branch/concat"]),
        (two_ends_of_one_operation, ["heads/split_0", "heads/split_1"]),
    ],
)
def test_ends_of_the_same_name(tmp_path: Path, build: Callable[[], None], names: list[str]) -> None:
    found = converted(written(tmp_path, build))
    assert found.task.name == "tensors"
    assert {name: answers(found, RED)[name].shape for name in names} == {
        names[0]: (1, 128, 4),
        names[1]: (1, 128, 2),
    }
    suggested = f"{names[0]} can be offsets from 128 anchors, and {names[1]} their scores"
    assert suggested in notes(found)


def two_images() -> None:
    first = v1.placeholder(tf.float32, [None, 8, 8, 3], "first")
    second = v1.placeholder(tf.float32, [None, 8, 8, 3], "second")
    tf.reduce_mean(first - second, [1, 2], name="out")


def decoding() -> None:
    contents = tf.constant(b"", name="DecodeJpeg/contents")
    pixels = tf.cast(tf.io.decode_jpeg(contents, channels=3), tf.float32)
    resized = v1.image.resize_bilinear(pixels[None], [8, 8], name="ResizeBilinear")
    tf.nn.softmax(20 * tf.reduce_mean(resized, [1, 2]) / 255 @ tf.constant(ORDER), name="softmax")


def unfrozen() -> None:
    image = v1.placeholder(tf.float32, [None, 8, 8, 3], "input")
    weights = v1.get_variable("w", initializer=ORDER, use_resource=False)
    tf.nn.softmax(tf.reduce_mean(image, [1, 2]) @ weights, name="prob")


@pytest.mark.parametrize(
    ("build", "options", "words"),
    [
        (two_images, {}, "the outputs need 2 inputs: first:0, second:0; name the one for images"),
        (
            decoding,
            {"outputs": {"p": "softmax"}},
            "the outputs need no placeholder; name the tensor for images with --inputs TENSOR; "
            "tensors that could be images: ",
        ),
        (unfrozen, {}, "is not frozen: it has no values for 1 variables (w); pass the checkpoint"),
        (classifier, {"outputs": {"p": "final"}}, "there is no tensor 'final' in the graph; close"),
    ],
)
def test_a_graph_that_does_not_say_enough(
    tmp_path: Path, build: Callable[[], None], options: dict, words: str
) -> None:
    with pytest.raises(SourceError) as caught:
        converted(written(tmp_path, build), **options)
    assert words in str(caught.value)


def test_decoded_images_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, decoding)
    found = converted(path, inputs={"x": "ResizeBilinear:0"}, outputs={"p": "softmax"})
    assert "batches of 1" in notes(found)
    assert answers(found, RED, BLUE)["probabilities"].shape == (2, 3)
