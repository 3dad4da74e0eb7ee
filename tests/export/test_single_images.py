"""Graphs that take one image ``[H, W, 3]``, and find as many boxes as there are in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from export.serving.conversion import Conversion
from export.tasks.task import TaskOptions
from tests.export.opened import BLUE, GREEN, RED, answers, converted, png
from tests.export.test_frozen_graphs import written

v1 = tf.compat.v1
FEEDS = {"factor": 0.7, "thresholds": [0.0, 0.0, 0.0]}
NAMES = {"detection_boxes": "box", "detection_scores": "prob"}
SUPPRESSED = TaskOptions(suppress=True)


def cascade() -> None:
    """Red is one object, green are two, blue is none; as a cascade of networks, the graph does not
    declare the shape of its boxes."""
    image = v1.placeholder(tf.float32, [None, None, 3], "input")
    factor = v1.placeholder(tf.float32, None, "factor")
    thresholds = v1.placeholder(tf.float32, [3], "thresholds")
    red, green, _ = tf.unstack(tf.reduce_mean(image, [0, 1]), 3)
    count = tf.cast(tf.round(red + 2 * green + 0 * (factor + thresholds[0])), tf.int32)
    found = tf.constant([[0.0, 0.1, 0.2, 0.3], [0.5, 0.6, 0.7, 0.8]])
    boxes = v1.cond(count >= 0, lambda: found[:count], lambda: tf.zeros([0]))
    assert boxes.shape.rank is None
    tf.identity(boxes, name="box")
    scores = v1.cond(count >= 0, lambda: tf.constant([0.9, 0.8])[:count], lambda: 0.0)
    tf.identity(scores, name="prob")


def served(conversion: Conversion, *colors: tuple[int, int, int]) -> dict[str, Any]:
    found = conversion.servable("{}").from_bytes(tf.constant([png(color) for color in colors]))
    return {name: value.numpy() for name, value in found.items()}


def test_images_of_a_batch_have_as_many_boxes_as_each_has(tmp_path: Path) -> None:
    found = converted(written(tmp_path, cascade), SUPPRESSED, outputs=NAMES, feeds=FEEDS)
    outputs = served(found, RED, GREEN, BLUE)
    assert outputs["num_detections"].tolist() == [1, 2, 0]
    green = outputs["detection_boxes"][1, :2]
    assert np.allclose(green, [[0, 0.1, 0.2, 0.3], [0.5, 0.6, 0.7, 0.8]])


def without_objects() -> None:
    cascade()
    graph = v1.get_default_graph()
    tf.identity(graph.get_tensor_by_name("box:0")[:0], name="none")
    tf.identity(graph.get_tensor_by_name("prob:0")[:0], name="nothing")


NONE = {"detection_boxes": "none", "detection_scores": "nothing"}


def test_a_detector_that_finds_nothing_in_the_rendered_images(tmp_path: Path) -> None:
    path = written(tmp_path, without_objects)
    found = converted(path, SUPPRESSED, outputs=NONE, feeds=FEEDS)
    assert served(found, RED, BLUE)["num_detections"].tolist() == [0, 0]
    with pytest.raises(SourceError, match="add --pictures FOLDER with typical ones, and --nms if"):
        converted(path, TaskOptions("tensors"), outputs=NONE, feeds=FEEDS)


def test_the_other_inputs_are_named(tmp_path: Path) -> None:
    words = "images go to input:0, but the outputs also need factor:0, thresholds:0; give each a"
    with pytest.raises(SourceError, match=words):
        converted(written(tmp_path, cascade))


def test_the_ends_are_found(tmp_path: Path) -> None:
    found = converted(written(tmp_path, cascade), TaskOptions("tensors"), feeds=FEEDS)
    assert {name: value.shape for name, value in answers(found, GREEN).items()} == {
        "box": (1, 2, 4),
        "prob": (1, 2),
    }


def of_open_shape(rank: int | None) -> Callable[[], None]:
    def build() -> None:
        shape = None if rank is None else [None] * rank
        image = v1.placeholder(tf.float32, shape, "input")
        tf.nn.softmax(20 * tf.reduce_mean(image, [-3, -2], name="mean"), name="prob")

    return build


def test_an_input_of_three_open_dimensions_is_one_image_if_the_user_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, of_open_shape(3))
    found = converted(path, batch=1, outputs={"probabilities": "prob"})
    assert served(found, RED, BLUE)["probabilities"].argmax(axis=1).tolist() == [0, 2]


def with_columns() -> None:
    cascade()
    columns = tf.constant([[0.9, 0.1], [0.1, 0.8]])
    count = tf.shape(v1.get_default_graph().get_tensor_by_name("prob:0"))[0]
    tf.identity(v1.cond(count >= 0, lambda: columns[:count], lambda: 0.0), name="columns")


def test_scores_of_no_declared_rank_can_have_a_column_for_each_class(tmp_path: Path) -> None:
    names = {"detection_boxes": "box", "detection_scores": "columns"}
    options = TaskOptions(suppress=True, min_score=0.5)
    graph = written(tmp_path, with_columns)
    found = served(converted(graph, options, outputs=names, feeds=FEEDS), GREEN)
    assert found["detection_classes"][0, :2].tolist() == [0, 1]
