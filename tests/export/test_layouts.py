"""Models whose input is not ``[N, H, W, C]``, but another layout of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from tests.export.opened import BLUE, GREEN, RED, WHITE, answers, converted, notes

Shape = list[int | None]


def saved(folder: Path, shape: Shape, reduce: Any) -> Path:
    """Write a model that returns the mean color, or the mean lightness."""
    module = tf.Module()
    module.call = tf.function(
        lambda image: {"mean": reduce(image)}, [tf.TensorSpec(shape, tf.float32, "image")]
    )
    tf.saved_model.save(module, str(folder), signatures=module.call)
    return folder


def lightness(image: Any) -> Any:
    return tf.reduce_mean(tf.reshape(image, [tf.shape(image)[0], -1]), 1, keepdims=True)


def colors(image: Any) -> Any:
    return tf.reduce_mean(image, [1, 2])


def color(image: Any) -> Any:
    return tf.reduce_mean(image, [0, 1])


def colors_first(image: Any) -> Any:
    return tf.reduce_mean(image, [2, 3])


def flat_colors(image: Any) -> Any:
    return tf.reduce_mean(tf.reshape(image, [-1, 64, 3]), 1)


GRAY = [[0.299], [0.587], [0.114], [1.0]]
COLORS = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("shape", "reduce", "size", "expected", "note"),
    [
        ([None, 8, 8, 3], colors, None, COLORS, ""),
        ([None, 28, 28, 1], lightness, None, GRAY, ""),
        ([None, 28, 28], lightness, None, GRAY, "(None, 28, 28): images are converted to gray"),
        ([None, None, None], lightness, (9, 7), GRAY, "images are converted to gray"),
        ([None, 784], lightness, None, GRAY, "(None, 784): 28x28 pixels, gray, row by row"),
        ([None, 200], lightness, (20, 10), GRAY, "(None, 200): 20x10 pixels, gray, row by row"),
        ([None, 192], flat_colors, None, COLORS, "(None, 192): 8x8 pixels, RGB, row by row"),
        ([None, 3, 8, 8], colors_first, None, COLORS, "with the channels first"),
        ([None, 1, 8, 8], lightness, None, GRAY, "with the channels first"),
        ([None, 3, None, None], colors_first, (8, 8), COLORS, "with the channels first"),
        ([8, 8, 3], color, None, COLORS[:1], "the model takes one image per call"),
    ],
)
def test_images_get_into_the_models_layout(
    tmp_path: Path,
    shape: Shape,
    reduce: Any,
    size: tuple[int, int] | None,
    expected: list[list[float]],
    note: str,
) -> None:
    found = converted(saved(tmp_path, shape, reduce), size=size)
    assert note in notes(found)
    images = (RED, GREEN, BLUE, WHITE)[: len(expected)]
    [values] = answers(found, *images).values()
    assert np.allclose(values, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "size", "words"),
    [
        ([None, 200], None, "say with --size WxH how they make 200 values"),
        ([None, 4], None, "(None, 4), not images [N,H,W,C]; so few values are measurements"),
        ([None, 784], (28, 27), "say with --size WxH how they make 784 values"),
        ([None], None, "not images [N,H,W,C]; name the input for images with --inputs"),
        ([None, 400, 1], None, "takes float32(None, 400, 1), not images [N,H,W,C]; name the input"),
        ([None, 3, 3], None, "takes float32(None, 3, 3), not images [N,H,W,C]; name the input"),
        ([None, 100, 6], None, "takes float32(None, 100, 6), not images [N,H,W,C]; name the"),
        ([None, 5, 8, 8, 3], None, "not images [N,H,W,C]; name the input for images"),
        ([None, 8, 8, 5], None, "takes images of 5 channels; cameras have 1 or 3"),
        ([None, None, None], None, "does not declare the size of its images; add --size WxH"),
    ],
)
def test_an_input_that_is_no_image(
    tmp_path: Path, shape: Shape, size: tuple[int, int] | None, words: str
) -> None:
    with pytest.raises(SourceError) as caught:
        converted(saved(tmp_path, shape, lightness), size=size)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "reduce"),
    [([8, 8, 3], lambda image: color(image)[None]), ([8, 8, 3], color)],
    ids=["outputs for a batch", "outputs for an image"],
)
def test_a_model_of_one_image_returns_one_row(tmp_path: Path, shape: Shape, reduce: Any) -> None:
    [values] = answers(converted(saved(tmp_path, shape, reduce)), RED).values()
    assert np.allclose(values, COLORS[:1])


@pytest.mark.parametrize("shape", [[], [None, 1]], ids=["one text", "texts in a column"])
def test_encoded_images_in_other_shapes(tmp_path: Path, shape: Shape) -> None:
    def decoded(encoded: Any) -> Any:
        return color(tf.cast(tf.io.decode_png(encoded, 3), tf.float32)) / 255

    def model(image: Any) -> Any:
        flat = tf.reshape(image, [-1])
        return {"mean": tf.map_fn(decoded, flat, fn_output_signature=tf.float32)}

    module = tf.Module()
    module.call = tf.function(model, [tf.TensorSpec(shape, tf.string, "image")])
    tf.saved_model.save(module, str(tmp_path), signatures=module.call)
    [values] = answers(converted(tmp_path), RED).values()
    assert np.allclose(values.reshape(-1), COLORS[0])


@pytest.mark.parametrize("shape", [[], [None], [None, 1]], ids=["one", "a list", "a column"])
def test_a_model_of_texts_is_not_taken_for_one_that_decodes_images(
    tmp_path: Path, shape: Shape
) -> None:
    def lengths(text: Any) -> Any:
        found = tf.strings.length(tf.reshape(text, [-1]))
        return {"scores": tf.one_hot(found % 3, 3)}

    module = tf.Module()
    module.call = tf.function(lengths, [tf.TensorSpec(shape, tf.string, "text")])
    tf.saved_model.save(module, str(tmp_path), signatures=module.call)
    with pytest.raises(SourceError, match="decodes no images, so they are texts or other data"):
        converted(tmp_path)


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32])
def test_a_scale_is_not_applied_to_integers(tmp_path: Path, dtype: tf.DType) -> None:
    """Pixels in 0..1 would all become 0 or 1."""
    module = tf.Module()
    module.call = tf.function(
        lambda image: {"mean": colors(tf.cast(image, tf.float32)) / 255},
        [tf.TensorSpec([None, 8, 8, 3], dtype, "image")],
    )
    tf.saved_model.save(module, str(tmp_path), signatures=module.call)
    found = converted(tmp_path)
    assert f"takes {dtype.name} pixels in 0..255, of which --scale 0..1 would" in notes(found)
    [values] = answers(found, RED, GREEN).values()
    assert np.allclose(values, COLORS[:2])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("k", 'the model takes the shape (None,), not (); write key=["k"]'),
        ([["k"]], "the model takes the shape (None,), not (1, 1)"),
    ],
)
def test_a_constant_of_another_shape(tmp_path: Path, value: Any, words: str) -> None:
    """As AutoML's models, which return a key beside the answer."""

    def model(image_bytes: Any, key: Any) -> Any:
        size = tf.strings.length(image_bytes)
        return {"mean": tf.one_hot(tf.cast(tf.io.is_jpeg(image_bytes[0]), tf.int32) + size, 3)}

    module = tf.Module()
    specs = [tf.TensorSpec([None], tf.string, name) for name in ("image_bytes", "key")]
    module.call = tf.function(model, specs)
    tf.saved_model.save(module, str(tmp_path), signatures=module.call)
    with pytest.raises(SourceError) as caught:
        converted(tmp_path, inputs={"": "image_bytes"}, feeds={"key": value})
    assert words in str(caught.value)
