"""Pictures of every kind, as they travel."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framewire.client.messages import Encoded, Limits, Model
from framewire.client.pictures import encode

LIMITS = Limits(window=4, max_frame_bytes=100_000, max_pixels=1_000_000, max_staleness_ms=500)


def model(*formats: str, size: int | None = 64) -> Model:
    formats = formats or ("jpeg", "png", "webp", "rgb")
    return Model("digits", 1, None, "detection", (), formats, size, size)


def picture(size: tuple[int, int] = (200, 100), mode: str = "RGB", format: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, "red" if mode != "L" else 100).save(file, format)
    return file.getvalue()


def opened(encoded: Encoded) -> Image.Image:
    image = Image.open(io.BytesIO(encoded.data))
    assert str(image.format).lower() == encoded.format
    return image


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kind", ["bytes", "memoryview", "path", "text"])
def test_encoded_pictures_travel_as_they_are(format: str, kind: str, tmp_path: Path) -> None:
    data = picture(format=format)
    path = tmp_path / "picture"
    path.write_bytes(data)
    kinds: dict[str, Any] = {
        "bytes": data,
        "memoryview": memoryview(data),
        "path": path,
        "text": str(path),
    }
    encoded = encode(kinds[kind], model(), LIMITS)
    assert encoded.message() == {"format": format.lower(), "data": data}


@pytest.mark.parametrize(
    ("pixels", "size"),
    [
        (np.zeros((100, 200, 3), np.uint8), (128, 64)),
        (np.zeros((100, 200, 4), np.uint8), (128, 64)),
        (np.zeros((100, 200), np.uint8), (128, 64)),
        (np.zeros((200, 100, 3), np.uint8)[:, ::-1, ::-1], (64, 128)),
        (np.zeros((30, 40, 3), np.uint8), (40, 30)),
        (Image.new("RGB", (1920, 1080)), (113, 64)),
        (Image.new("P", (100, 200)), (64, 128)),
        (Image.new("L", (100, 200)), (64, 128)),
    ],
)
def test_pixels_are_scaled_to_cover_the_models_input(pixels: Any, size: tuple[int, int]) -> None:
    encoded = encode(pixels, model(), LIMITS)
    assert encoded.format == "jpeg"
    assert opened(encoded).size == size


def test_arrays_are_rgb() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    r, g, b = opened(encode(red, model(), LIMITS)).getpixel((9, 9))  # type: ignore[misc]
    assert r > 250
    assert max(g, b) < 5


def test_an_image_is_no_longer_than_a_jpeg_can_be() -> None:
    """A model's input can be covered without scaling, however long the other side is."""
    assert opened(encode(np.zeros((1, 70_000), np.uint8), model(), LIMITS)).size == (65_500, 1)


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    clear = Image.new(mode, (64, 64))
    assert opened(encode(clear, model("png"), LIMITS)).getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("value", [0x2000, 0x8000, 0xFFFF])
def test_of_16_bits_the_upper_8_travel(value: int) -> None:
    image = Image.fromarray(np.full((4, 4), value, np.uint16))
    file = io.BytesIO()
    image.save(file, "PNG")
    for one in (image, file.getvalue()):
        sent = opened(encode(one, model("jpeg"), LIMITS)).convert("L")
        assert abs(int(np.asarray(sent).mean()) - (value >> 8)) <= 1


def test_a_model_of_any_size_gets_all_pixels_that_the_gateway_allows() -> None:
    assert opened(encode(Image.new("L", (900, 600)), model(size=None), LIMITS)).size == (900, 600)
    large = opened(encode(Image.new("L", (4000, 1000)), model(size=None), LIMITS))
    assert large.size == (2000, 500)


@pytest.mark.parametrize(
    ("formats", "format", "size"),
    [(("png", "rgb"), "png", None), (("rgb",), "rgb", (128, 64)), (("gray",), "gray", (128, 64))],
)
def test_the_models_formats_decide(
    formats: tuple[str, ...], format: str, size: tuple[int, int] | None
) -> None:
    encoded = encode(picture(), model(*formats), LIMITS)
    assert (encoded.format, encoded.size) == (format, size)
    if size:
        assert len(encoded.data) == 128 * 64 * (3 if format == "rgb" else 1)
        assert encoded.message().keys() == {"format", "data", "width", "height"}


def test_a_file_above_the_limits_is_scaled_and_turned() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (900, 1500, 3), np.uint8)
    image = Image.fromarray(noise)
    exif = image.getexif()
    exif[0x0112] = 6  # turn by 90 degrees
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    turned = opened(encode(file.getvalue(), model(), LIMITS))
    assert turned.size == (64, 106)
    assert not turned.getexif().get(0x0112)
    as_stored = opened(encode(file.getvalue(), model(), LIMITS, upright=False))
    assert as_stored.size == (106, 64)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (b"GIF89a", ValueError, "not a picture in JPEG, PNG or WebP"),
        ("missing.jpg", OSError, "No such file"),
        (7, TypeError, "a picture is bytes, a path, a PIL image or a numpy array, not int"),
        (np.zeros((4, 4, 3), np.float32), TypeError, r"must be uint8 .* not f4 of shape \[4, 4, 3"),
        (np.zeros((4, 4, 2), np.uint8), TypeError, r"not u1 of shape \[4, 4, 2\]"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, r"shape \[0, 4, 3\] has no pixels"),
        (Image.new("RGB", (0, 4)), ValueError, "an image of 0 x 4 has no pixels"),
    ],
)
def test_what_is_no_picture(wrong: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encode(wrong, model(), LIMITS)


def test_a_model_that_takes_nothing_known() -> None:
    with pytest.raises(ValueError, match="none of the known formats: tiff"):
        encode(picture(), model("tiff"), LIMITS)
