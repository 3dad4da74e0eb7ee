"""Crops are what anyone would cut out of the same picture."""

from __future__ import annotations

import io
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from PIL import Image

from server.backend.pixels import Decoder
from server.backend.pixels.opening import upright
from server.core.cascade import Region
from server.core.errors import BadFrame, DeadlineExceeded
from server.core.messages import Frame
from tests.odd_pictures import quarters, saved

REGIONS = [Region(0, 0, 64, 48), Region(10, 20, 11, 21), Region(3, 5, 40, 33)]
PICTURE = quarters(64, 48)


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder(1)
    yield decoder
    decoder.close()


def frame(picture_format: str = "png", orientation: int = 1) -> Frame:
    data = saved(PICTURE, picture_format, quality=95)
    return Frame(1, picture_format, data, *PICTURE.size, None, orientation)


def cropped(picture: Image.Image, region: Region) -> np.ndarray:
    return np.asarray(picture)[region.top : region.bottom, region.left : region.right]


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_raw_crop_has_the_pixels_of_the_upright_picture(
    decoder: Decoder, orientation: int
) -> None:
    turned = upright(PICTURE, orientation)
    width, height = turned.size
    regions = [Region(0, 0, width, height), Region(5, 7, 20, 30)]
    crops = await decoder.cut(frame("png", orientation), regions, "rgb", 5)
    for data, region in zip(crops, regions, strict=True):
        assert data == cropped(turned, region).tobytes()


async def test_an_encoded_crop_decodes_to_the_same_pixels(decoder: Decoder) -> None:
    for data, region in zip(await decoder.cut(frame(), REGIONS, "png", 5), REGIONS, strict=True):
        assert (np.asarray(Image.open(io.BytesIO(data))) == cropped(PICTURE, region)).all()
    for data, region in zip(await decoder.cut(frame(), REGIONS, "jpeg", 5), REGIONS, strict=True):
        assert Image.open(io.BytesIO(data)).size == region.size


async def test_a_jpeg_is_cut_as_pillow_decodes_it(decoder: Decoder) -> None:
    picture = Image.open(io.BytesIO(frame("jpeg").data))
    [data] = await decoder.cut(frame("jpeg"), REGIONS[2:], "rgb", 5)
    assert data == cropped(picture, REGIONS[2]).tobytes()


async def test_a_large_crop_is_scaled_down(decoder: Decoder) -> None:
    region = Region(1, 2, 60, 47, 4)
    [data] = await decoder.cut(frame(), [region], "rgb", 5)
    width, height = region.size
    assert len(data) == width * height * 3
    expected = PICTURE.crop((1, 2, 60, 47)).reduce(4)
    assert data == expected.tobytes()


async def test_a_broken_picture_is_a_bad_frame(decoder: Decoder) -> None:
    data = saved(PICTURE, "png")[:-40]
    with pytest.raises(BadFrame, match="cannot be decoded"):
        await decoder.cut(Frame(1, "png", data, 64, 48), REGIONS, "rgb", 5)
    with pytest.raises(BadFrame, match="its header says"):
        await decoder.cut(Frame(1, "png", frame().data, 60, 48), REGIONS, "rgb", 5)


async def test_no_time_is_no_crop(decoder: Decoder) -> None:
    busy = threading.Event()
    decoder._ordinary.submit(busy.wait, 5)
    with pytest.raises(DeadlineExceeded):
        await decoder.cut(frame(), REGIONS, "rgb", 0.01)
    busy.set()
