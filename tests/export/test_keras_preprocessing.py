"""Keras models that scale pixels themselves are recognized."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from export.sources.keras_preprocessing import own_scaling
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from export.sources.scaling import Scaling, named
from export.sources.source import scale_notes

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


def test_a_scale_that_contradicts_the_model_is_noted(tmp_path: Path) -> None:
    model = sequential(layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D(), layers.Dense(2))
    model.save(tmp_path / "m.keras")
    source = open_source(SourceOptions(str(tmp_path / "m.keras")))
    assert scale_notes(source, None) == scale_notes(source, "none") == ()
    assert scale_notes(source, "0..1") == (
        "--scale 0..1 replaces what the model expects: pixels in 0..255, which it scales itself",
    )
    application = replace(source, scaling=named("-1..1"))
    assert scale_notes(application, "-1..1") == ()
    words = "--scale none replaces what the model expects: (x - 127.5) / 127.5"
    assert scale_notes(application, "none") == (words,)
