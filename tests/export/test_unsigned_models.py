"""SavedModels without signatures: their functions are served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from export.errors import SourceError
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from tests.export.opened import BLUE, GREEN, RED, answers, converted

IMAGES = tf.TensorSpec([None, 8, 8, 3], tf.float32)


class Module(tf.Module):
    """Tell red, green and blue apart. Nothing says which inputs its functions take."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = tf.Variable(9.0)

    @tf.function
    def __call__(self, images: Any, training: bool = False) -> Any:
        return tf.nn.softmax(tf.reduce_mean(images, [1, 2]) * self.sharpness)

    @tf.function
    def call(self, images: Any) -> Any:
        return {"probabilities": self(images)}


def root_function(folder: Path) -> None:
    """Save a function instead of an object, as onnx2tf does."""
    function = tf.function(lambda images: tf.nn.softmax(9 * tf.reduce_mean(images, [1, 2])))
    tf.saved_model.save(function.get_concrete_function(IMAGES), str(folder), signatures={})


def one_image_per_call(folder: Path) -> None:
    function = tf.function(lambda images: tf.nn.softmax(9 * tf.reduce_mean(images, [1, 2])))
    concrete = function.get_concrete_function(tf.TensorSpec([1, 8, 8, 3], tf.float32))
    tf.saved_model.save(concrete, str(folder), signatures={})


def called_object(folder: Path) -> None:
    module = Module()
    module(tf.zeros([2, 8, 8, 3]))
    module.__call__.get_concrete_function(IMAGES)
    tf.saved_model.save(module, str(folder), signatures={})


def called_by_name(folder: Path) -> None:
    module = Module()
    module.call.get_concrete_function(IMAGES)
    tf.saved_model.save(module, str(folder), signatures={})


@pytest.mark.parametrize("save", [root_function, one_image_per_call, called_object, called_by_name])
def test_a_model_without_signatures(tmp_path: Path, save: Callable[[Path], None]) -> None:
    save(tmp_path)
    assert not tf.saved_model.load(str(tmp_path)).signatures
    found = converted(tmp_path, batch=1 if save is one_image_per_call else None)
    classes = [
        answers(found, color)["probabilities"].argmax(axis=1).tolist()
        for color in (RED, GREEN, BLUE)
    ]
    assert classes == [[0], [1], [2]]


def test_a_model_without_functions(tmp_path: Path) -> None:
    module = tf.Module()
    module.value = tf.Variable(1.0)
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(SourceError, match="has no signature and no function that takes tensors"):
        open_source(SourceOptions(str(tmp_path)))
