"""Preprocess images in the graph: scaling, channels, letterbox."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export.serving.decoding import Canvas, decode_batch
from export.serving.signatures import canvas_to_image
from export.sources import keras_application, scaling
from export.sources.scaling import Scaling
from server.backend.contract import PixelsInput
from server.backend.pixels import Placement, draw
from server.core.messages import Frame

PIXELS = np.random.default_rng(5).integers(0, 256, (2, 3, 4, 3)).astype(np.float32)
FLOATS = tf.TensorSpec([None, 3, 4, 3], tf.float32)


def scaled(by: Scaling, spec: tf.TensorSpec = FLOATS) -> np.ndarray:
    return by(tf.constant(PIXELS), spec).numpy()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("0..1", PIXELS / 255),
        ("-1..1", PIXELS / 127.5 - 1),
        ("imagenet", (PIXELS / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)),
        ("none", PIXELS),
    ],
)
def test_named_scalings(name: str, wanted: np.ndarray) -> None:
    assert np.allclose(scaled(scaling.named(name)), wanted, atol=1e-4)
    assert np.allclose(scaled(scaling.named(name, bgr=True)), wanted[..., ::-1], atol=1e-4)


def test_means_are_in_rgb_order_whatever_the_channel_order() -> None:
    found = scaled(Scaling((1.0, 2.0, 3.0), (10.0, 20.0, 30.0), bgr=True))
    wanted = (PIXELS - (1, 2, 3)) / (10, 20, 30)
    assert np.allclose(found, wanted[..., ::-1], atol=1e-5)


def test_uint8_and_grayscale_inputs() -> None:
    assert scaled(Scaling(), tf.TensorSpec([None, 3, 4, 3], tf.uint8)).dtype == np.uint8
    grey = scaled(Scaling(), tf.TensorSpec([None, 3, 4, 1], tf.float32))
    assert np.allclose(grey[..., 0], PIXELS @ (0.299, 0.587, 0.114), atol=0.2)


@pytest.mark.parametrize("module", ["mobilenet_v2", "resnet50", "densenet", "efficientnet"])
def test_the_preprocessing_of_keras_applications_is_inferred(module: str) -> None:
    preprocess = getattr(tf.keras.applications, module).preprocess_input
    assert np.allclose(
        scaled(keras_application.scaling_of(preprocess)), preprocess(PIXELS.copy()), atol=1e-3
    )


SIZES = [(640, 480), (480, 640), (64, 64), (1000, 17), (3, 200), (1, 1), (333, 334)]


@pytest.mark.parametrize("size", SIZES)
def test_letterboxing_agrees_with_the_gateway(size: tuple[int, int]) -> None:
    """Bytes through the graph and pixels through the gateway must give the same boxes."""
    canvas = Canvas(64, 96, letterbox=True)
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    pixels, places = decode_batch(tf.constant([buffer.getvalue()]), canvas)
    frame = Frame(0, "rgb", picture.tobytes(), *size)
    row = np.empty((64, 96, 3), np.uint8)
    placed = draw(frame, PixelsInput("image", None, 96, 64, 3, "letterbox"), row)
    assert isinstance(placed, Placement)
    wanted = (placed.top, placed.left, placed.height, placed.width)
    assert places[0].numpy() == pytest.approx(wanted, abs=1e-6)
    assert ((pixels[0].numpy() == 0).all(axis=2) >= (row == 0).all(axis=2)).mean() > 0.95
    assert np.abs(pixels[0].numpy() - row).mean() < 6


def test_boxes_on_the_canvas_become_boxes_of_the_image() -> None:
    places = tf.constant([[0.25, 0.0, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0]])
    boxes = tf.constant([[[0.25, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0]]] * 2)
    found = canvas_to_image(boxes, places).numpy()
    assert found[0].tolist() == [[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0]]
    assert (found[1] == boxes[1].numpy()).all()
