"""Decode images in the graph."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from demomodel import scenes
from demomodel.network import INPUT_SIZE
from export.serving.decoding import Canvas, decode_at_own_size, decode_batch
from server.backend.contract import PixelsInput
from server.backend.pixels import draw
from server.core.messages import Frame
from tests.odd_pictures import corpus

CANVAS = Canvas(INPUT_SIZE, INPUT_SIZE)
decode = tf.function(
    lambda encoded: decode_batch(encoded, CANVAS)[0],
    input_signature=[tf.TensorSpec([None], tf.string)],
)

BLOCKS = Image.new("RGB", (4, 4))
BLOCKS.putdata([(60 * (i % 4) + 20, 60 * (i // 4) + 20, 200 - 10 * i) for i in range(16)])


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(*pictures: bytes) -> np.ndarray:
    return decode(tf.constant(list(pictures), tf.string)).numpy()


@pytest.mark.parametrize(
    "size",
    [(640, 480), (480, 640), (192, 192), (191, 500), (100, 60), (1920, 1080), (4000, 3000), (1, 1)],
)
def test_a_jpeg_of_any_size_is_stretched_to_the_input(size: tuple[int, int]) -> None:
    """The image looks the same at every reduction that the decoder is asked for."""
    picture = BLOCKS.resize(size, Image.Resampling.BICUBIC)
    wanted = np.asarray(picture.resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR))
    pixels = decoded(encoded(picture, "JPEG", quality=95))[0]
    assert pixels.shape == (INPUT_SIZE, INPUT_SIZE, 3)
    assert np.abs(pixels - wanted).mean() < 4


def test_a_png_of_the_input_size_is_unchanged() -> None:
    picture = scenes.render(1, (INPUT_SIZE, INPUT_SIZE)).picture
    assert (decoded(encoded(picture, "PNG"))[0] == np.asarray(picture)).all()


def test_formats_can_be_mixed_in_a_batch() -> None:
    red, blue = Image.new("RGB", (300, 200), (250, 0, 0)), Image.new("RGB", (90, 99), (0, 0, 250))
    pixels = decoded(encoded(red, "JPEG"), encoded(blue, "PNG"), encoded(red, "PNG"))
    assert np.abs(pixels[0] - (250, 0, 0)).max() < 4
    assert (pixels[1] == (0, 0, 250)).all()
    assert (pixels[2] == (250, 0, 0)).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_grayscale_becomes_three_channels(kind: str) -> None:
    pixels = decoded(encoded(Image.new("L", (200, 200), 77), kind))[0]
    assert np.abs(pixels - 77).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white(mode: str) -> None:
    picture = Image.new("RGBA", (192, 192), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 96, 192))
    pixels = decoded(encoded(picture.convert(mode), "PNG"))[0]
    assert (pixels[:, :90] == 0).all()
    assert (pixels[:, 100:] == 255).all()


def test_half_transparent_is_half_white() -> None:
    pixels = decoded(encoded(Image.new("RGBA", (192, 192), (0, 100, 200, 51)), "PNG"))[0]
    assert np.abs(pixels - (204, 224, 244)).max() <= 1


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_kinds_are_refused(kind: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="a JPEG or PNG picture is required"):
        decoded(encoded(Image.new("RGB", (50, 40), (255, 255, 0)), kind))


whole = tf.function(decode_at_own_size, input_signature=[tf.TensorSpec([], tf.string)])
FOR_BOTH = [
    name for name, odd in corpus().items() if odd.pixels is not None and odd.format != "webp"
]


@pytest.mark.parametrize("name", FOR_BOTH)
def test_an_odd_picture_means_the_same_to_the_graph_and_to_the_gateway(name: str) -> None:
    """Each has the right pixels, and both the same in the middle of a colour.

    Where colours meet, a JPEG's may differ: the gateway smooths its colour channels.
    """
    odd = corpus()[name]
    assert odd.pixels is not None
    height, width, _ = odd.pixels.shape
    row = np.zeros((height, width, 3), np.uint8)
    draw(
        Frame(1, odd.format, odd.data, width, height), PixelsInput("x", None, width, height, 3), row
    )
    pixels = whole(tf.constant(odd.data)).numpy()
    assert pixels.shape == odd.pixels.shape
    graph, gateway, right = map(odd.middles, (pixels, row, odd.pixels))
    assert np.abs(graph - right).max() <= odd.tolerance
    assert np.abs(graph - gateway).max() <= max(1, odd.tolerance // 2)


JPEG = encoded(scenes.render(1, (320, 240)).picture, "JPEG")
PNG = encoded(scenes.render(1, (320, 240)).picture, "PNG")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no picture",
        JPEG[:3],
        JPEG[: len(JPEG) // 2],
        PNG[:8],
        PNG[: len(PNG) // 2],
        JPEG[:200] + b"\x00" * 400,
    ],
    ids=["empty", "text", "jpeg head", "half a jpeg", "png head", "half a png", "zeros in a jpeg"],
)
def test_a_broken_image_fails_the_batch(broken: bytes) -> None:
    with pytest.raises(tf.errors.OpError):
        decoded(JPEG, broken, PNG)


def test_an_empty_batch() -> None:
    assert decoded().shape == (0, INPUT_SIZE, INPUT_SIZE, 3)
