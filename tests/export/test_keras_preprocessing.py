"""Keras models that scale pixels themselves are recognized."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from export.sources.keras_preprocessing import own_scaling
from export.sources.scaling import Scaling
from tests.export.opened import converted, notes

layers = tf.keras.layers
Layers = Callable[[], list[Any]]


def sequential(*inner: Any) -> tf.keras.Model:
    return tf.keras.Sequential([tf.keras.Input([8, 8, 3]), *inner])


@pytest.mark.parametrize(
    "before",
    [
        lambda: [layers.Rescaling(1 / 255)],
        lambda: [layers.Rescaling(1 / 127.5, offset=-1)],
        lambda: [layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 1.0])],
        lambda: [layers.RandomFlip(), layers.Resizing(4, 4), layers.Rescaling(1 / 255)],
        lambda: [sequential(layers.Rescaling(1 / 255))],
        lambda: [sequential(layers.RandomFlip()), layers.Rescaling(1 / 255)],
    ],
    ids=["0..1", "-1..1", "normalization", "after augmentation", "nested", "after a nested one"],
)
def test_a_model_that_scales_pixels_gets_them_unscaled(before: Layers) -> None:
    model = sequential(*before(), layers.Conv2D(2, 3), layers.Flatten())
    assert own_scaling(model) == Scaling()


@pytest.mark.parametrize(
    "inner",
    [
        lambda: [layers.Conv2D(2, 3)],
        lambda: [layers.Conv2D(3, 1), layers.Rescaling(1 / 255)],
        lambda: [sequential(layers.Conv2D(3, 1)), layers.Rescaling(1 / 255)],
        lambda: [layers.Flatten()],
        lambda: [layers.Rescaling(2.0, offset=-1.0), layers.Flatten()],
        lambda: [layers.Normalization(mean=[0.4, 0.5, 0.5], variance=[0.1, 0.1, 0.1])],
    ],
    ids=["none", "too late", "after nested weights", "no weights", "0..1", "of 0..1"],
)
def test_other_models_must_be_told(inner: Layers) -> None:
    assert own_scaling(sequential(*inner())) is None
    assert own_scaling(tf.Module()) is None


def test_pixels_that_are_scaled_twice_are_noted(tmp_path: Path) -> None:
    """Such a version answers as its source does to scaled pixels, so no check can tell."""
    for before, noted in (([layers.Rescaling(1 / 255)], True), ([], False)):
        path = tmp_path / "model.keras"
        sequential(*before, layers.Flatten(), layers.Dense(3)).save(path)
        assert ("the model scales pixels itself" in notes(converted(path))) == noted
