"""TensorFlow 1 graphs as they were trained: updates of variables, dropout, batch statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.errors import CheckpointError, ExportError, SourceError
from tests.export.opened import BLUE, GREEN, RED, answers, converted, notes
from tests.export.test_sources import export

v1 = tf.compat.v1
EYE = 10 * np.eye(3, dtype=np.float32)


@contextmanager
def control_flow_of_tensorflow_1() -> Iterator[None]:
    """Make ``cond`` add operations to the graph instead of functions."""
    v1.disable_control_flow_v2()
    try:
        yield
    finally:
        v1.enable_control_flow_v2()


def checkpoint(folder: Path, body: Callable[[Any, Any, bool], Any], use_resource: bool) -> Path:
    """Write a classifier of images that is told whether it trains."""
    with tf.Graph().as_default(), v1.Session() as session, control_flow_of_tensorflow_1():
        image = v1.placeholder(tf.float32, [None, 8, 8, 3], "image")
        training = v1.placeholder(tf.bool, [], "is_training")
        weights = v1.get_variable("w", initializer=EYE, use_resource=use_resource)
        mean = body(tf.reduce_mean(image, [1, 2]), training, use_resource)
        tf.nn.softmax(tf.matmul(mean, weights), name="prob")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "model.ckpt"))
    return folder


def normalized(mean: Any, training: Any, use_resource: bool) -> Any:
    """Normalize, and update the moving average on the way, as ``updates_collections=None`` does."""
    moving = v1.get_variable(
        "moving", initializer=np.zeros(3, np.float32), use_resource=use_resource
    )

    def train() -> Any:
        batch = tf.reduce_mean(mean, 0)
        with tf.control_dependencies([v1.assign(moving, moving * 0.9 + batch * 0.1)]):
            return mean - batch

    return v1.cond(training, train, lambda: mean - moving)


def counted(mean: Any, training: Any, use_resource: bool) -> Any:
    """Count the calls, in every mode."""
    calls = v1.get_variable("calls", initializer=0, use_resource=use_resource)
    with tf.control_dependencies([tf.group(v1.assign_add(calls, 1))]):
        return tf.identity(mean)


def counting(mean: Any, training: Any, use_resource: bool) -> Any:
    """Use the result of an update."""
    calls = v1.get_variable("calls", initializer=0.0, use_resource=use_resource)
    return mean + 0 * v1.assign_add(calls, 1.0)


def dropped(mean: Any, training: Any, use_resource: bool) -> Any:
    return v1.nn.dropout(mean, rate=0.5)


def of_the_batch(mean: Any, training: Any, use_resource: bool) -> Any:
    return mean - tf.reduce_mean(mean, 0)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("body", [normalized, counted])
def test_updates_of_variables_are_left_out(
    tmp_path: Path, body: Callable[..., Any], use_resource: bool
) -> None:
    folder = checkpoint(tmp_path, body, use_resource)
    found = converted(folder, outputs={"probabilities": "prob"}, feeds={"is_training": False})
    [values] = answers(found, RED, GREEN, BLUE).values()
    assert values.argmax(axis=1).tolist() == [0, 1, 2]


def test_the_result_of_an_update_cannot_be_served(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, counting, False)
    with pytest.raises(SourceError, match=r"use the result of AssignAdd, which changes a variable"):
        converted(folder, outputs={"probabilities": "prob"})


def called_python(mean: Any, training: Any, use_resource: bool) -> Any:
    called = v1.py_func(np.copy, [mean], tf.float32)
    called.set_shape(mean.shape)
    return called


def test_python_functions_are_not_in_a_file(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, called_python, False)
    with pytest.raises(SourceError, match=r"need PyFunc, which called Python functions"):
        converted(folder, outputs={"probabilities": "prob"})


def saved_graph(folder: Path, images: Callable[[], Any], averages_only: bool = False) -> Path:
    """Write a checkpoint of the mean color, in a graph that ``images`` begins."""
    with tf.Graph().as_default(), v1.Session() as session:
        mean = tf.reduce_mean(images(), axis=[-3, -2])
        eye = v1.get_variable("w", initializer=np.eye(3, dtype=np.float32))
        tf.nn.softmax(10 * tf.reshape(mean, [-1, 3]) @ eye, name="prob")
        average = v1.train.ExponentialMovingAverage(0.9)
        average.apply([eye])
        session.run(v1.global_variables_initializer())
        values = {average.average_name(eye): eye} if averages_only else None
        v1.train.Saver(values).save(session, str(folder / "model.ckpt"))
    return folder


def test_a_checkpoint_with_averages_alone(tmp_path: Path) -> None:
    def images() -> Any:
        return v1.placeholder(tf.float32, [None, 8, 8, 3], "image")

    folder = saved_graph(tmp_path, images, averages_only=True)
    with pytest.raises(CheckpointError, match="it has their averages: add --moving-average"):
        converted(folder, outputs={"probabilities": "prob"})
    found = converted(folder, outputs={"probabilities": "prob"}, moving_average=True)
    assert answers(found, GREEN)["probabilities"].argmax() == 1


def test_the_handle_of_an_iterator_is_no_image(tmp_path: Path) -> None:
    def images() -> Any:
        handle = v1.placeholder(tf.string, [], "handle")
        return v1.data.Iterator.from_string_handle(handle, tf.float32, [None, 8, 8, 3]).get_next()

    folder = saved_graph(tmp_path, images)
    with pytest.raises(SourceError, match="tensors that could be images: IteratorGetNext:0"):
        converted(folder, outputs={"probabilities": "prob"})


def test_the_height_of_one_image_is_no_batch(tmp_path: Path) -> None:
    folder = saved_graph(tmp_path, lambda: v1.placeholder(tf.float32, [8, 8, 3], "image"))
    found = converted(folder, outputs={"probabilities": "prob"})
    assert answers(found, BLUE)["probabilities"].argmax() == 2
    assert "exactly" not in notes(found)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (dropped, "the source answers an image differently each time"),
        (of_the_batch, "the source's answer for an image depends on the others in its batch"),
    ],
)
def test_a_graph_in_training_mode(
    tmp_path: Path, body: Callable[..., Any], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkpoint(tmp_path / "run", body, True)
    with pytest.raises((ExportError, AssertionError)):
        export(tmp_path, f"--from={folder}", "--outputs=probabilities=prob", "--scale=0..1")
    error = capsys.readouterr().err
    assert reason in error
    assert "use the graph that was built for inference" in error
    assert ("--batch 1" in error) == (body is of_the_batch)


def kept(mean: Any, training: Any, use_resource: bool) -> Any:
    """Dropout as TensorFlow wrote it before 1.13."""
    with v1.name_scope("dropout"):
        probability = tf.constant(0.5, name="keep_prob")
        drawn = tf.random.uniform(tf.shape(mean))
        return mean / probability * tf.floor(probability + drawn)


def rated(mean: Any, training: Any, use_resource: bool) -> Any:
    """Dropout as TensorFlow wrote it from 1.13 on."""
    with v1.name_scope("net/dropout_1"):
        rate = tf.constant(0.5, name="rate")
        drawn = tf.random.uniform(tf.shape(mean))
        return mean / (1 - rate) * tf.cast(drawn >= rate, tf.float32)


@pytest.mark.parametrize(
    ("body", "feeds"),
    [
        (dropped, ["dropout/Const=1", "dropout/GreaterEqual/y=0"]),
        (kept, ["dropout/keep_prob=1"]),
        (rated, ["net/dropout_1/rate=0"]),
    ],
)
def test_dropout_that_is_part_of_the_graph(
    tmp_path: Path, body: Callable[..., Any], feeds: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkpoint(tmp_path / "run", body, True)
    options = (f"--from={folder}", "--outputs=probabilities=prob", "--scale=0..1")
    with pytest.raises((ExportError, AssertionError)):
        export(tmp_path, *options)
    flags = [f"--feed {feed}" for feed in feeds]
    assert f"turn its dropout off with {' '.join(flags)}\n" in capsys.readouterr().err
    export(tmp_path, *options, *(f"--feed={feed}" for feed in feeds))
