"""Pictures that may be made to take ten times as long as their kind usually does."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from server.core.errors import BadFrame
from server.core.lanes import COSTLY
from server.core.pictures import examine
from server.core.session import FREE
from tests.odd_pictures import chunk, png, quarters, saved

ANIMATED = {"save_all": True, "append_images": [quarters().rotate(90)], "lossless": True}
EMPTY_BLOCKS = bytes.fromhex("04c0810800000000207feb43001c880000000000f2b73e")


def with_empty_blocks(size: tuple[int, int], count: int) -> bytes:
    """A PNG whose data has ``count`` times two blocks that build tables for no pixel."""
    rows = (b"\0" + bytes(size[0] * 3)) * size[1]
    stream = zlib.compress(rows)
    stream = stream[:2] + EMPTY_BLOCKS * count + stream[2:]
    return png_of(size, stream)


def png_of(size: tuple[int, int], stream: bytes) -> bytes:
    empty = png(size, 8, 2, b"")
    at = empty.index(b"IDAT") - 4
    return empty[:at] + chunk(b"IDAT", stream) + empty[empty.index(b"IEND") - 4 :]


def test_data_that_inflates_to_nothing_counts_at_worst() -> None:
    """2 MB of it took as long as a JPEG of 25 megapixels."""
    data = with_empty_blocks((600, 400), 20_000)
    header = examine("png", data)
    assert Image.open(io.BytesIO(data)).convert("RGB").getpixel((599, 399)) == (0, 0, 0)
    assert header.cost < FREE < COSTLY < header.worst_cost
    with pytest.raises(BadFrame, match=r"\d+ bytes of compressed data for 200 of pixels"):
        examine("png", with_empty_blocks((8, 8), 20_000))


def test_small_pictures_may_have_more_compressed_data_than_pixels() -> None:
    assert examine("png", png_of((8, 8), zlib.compress(bytes(200), 0) + bytes(60_000))).width == 8


@pytest.mark.parametrize(
    ("mode", "options", "may_be_costly"),
    [
        ("RGB", {}, False),
        ("RGB", {"exif": b"Exif\0\0MM\0*"}, False),
        ("RGB", {"lossless": True}, True),
        ("RGBA", {}, True),
        (
            "RGB",
            {"save_all": True, "append_images": [quarters().rotate(90)], "lossless": True},
            True,
        ),
    ],
    ids=["lossy", "lossy with metadata", "lossless", "alpha", "animated"],
)
def test_webps_that_may_have_a_code_for_every_block(
    mode: str, options: dict[str, Any], may_be_costly: bool
) -> None:
    """As measured: 45 KB of 400x400 pixels took 0.13 s and 51 MB."""
    picture = quarters().convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    header = examine("webp", saved(picture, "WEBP", **options))
    assert (header.worst_cost > header.cost) == may_be_costly
    assert header.worst_cost <= 24 * 16 * 130


def test_a_webp_of_countless_chunks_may_be_costly() -> None:
    lossy = saved(quarters(), "WEBP", exif=b"Exif\0\0MM\0*")
    for count, may_be_costly in ((10, False), (1000, True)):
        chunks = lossy[30:] + (b"none" + bytes(4)) * count
        size = struct.pack("<I", 22 + len(chunks))
        header = examine("webp", lossy[:4] + size + lossy[8:30] + chunks)
        assert (header.worst_cost > 0) == may_be_costly


def test_a_small_file_of_many_lossless_pixels_costs_what_its_bytes_can() -> None:
    data = saved(Image.new("RGB", (1000, 1000)), "WEBP", lossless=True)
    assert examine("webp", data).worst_cost == 6_000_000 + 480 * len(data)
