"""Frames of every format as the pixels that a model takes."""

from __future__ import annotations

import asyncio
import io
import threading
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.backend.contract import PixelsInput
from server.backend.description import Scale
from server.backend.pixels import WHOLE, Decoder, Placement
from server.backend.pixels import decoder as threads
from server.core.errors import BadFrame, BatchRejected, DeadlineExceeded, Overloaded
from server.core.messages import FORMATS, RAW_CHANNELS, Frame
from tests.odd_pictures import with_shared_entries

SMALL = PixelsInput("x", None, 8, 8, 3)
ANY_SIZE = PixelsInput("x", None, None, None, 3)
PLENTY_S = 10.0


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder(2)
    yield decoder
    decoder.close()


def scene(width: int = 32, height: int = 16) -> Image.Image:
    """Left half red, right half blue."""
    picture = Image.new("RGB", (width, height), (200, 0, 0))
    picture.paste((0, 0, 200), (width // 2, 0, width, height))
    return picture


def frame(format: str = "png", picture: Image.Image | None = None, **save: Any) -> Frame:
    picture = picture or scene()
    if format in RAW_CHANNELS:
        mode = {"rgba": "RGBA", "rgb": "RGB", "gray": "L"}[format]
        data = picture.convert(mode).tobytes()
    else:
        stream = io.BytesIO()
        picture.save(stream, format, **save)
        data = stream.getvalue()
    return Frame(1, format, data, picture.width, picture.height)


@pytest.mark.parametrize("format", FORMATS)
async def test_every_format_is_decoded_and_resized(decoder: Decoder, format: str) -> None:
    drawn = await decoder.decode([frame(format)], SMALL, PLENTY_S)
    assert drawn.outcomes == [WHOLE]
    assert drawn.values.shape == (1, 8, 8, 3)
    assert drawn.values.dtype == np.uint8
    left, right = drawn.values[0, 4, 1].astype(int), drawn.values[0, 4, 6].astype(int)
    if format == "gray":
        assert len(set(left)) == len(set(right)) == 1
        assert left[0] > right[0]  # red is lighter than blue
    else:
        assert np.abs(left - (200, 0, 0)).max() < 25
        assert np.abs(right - (0, 0, 200)).max() < 25


@pytest.mark.parametrize(
    "picture",
    [
        scene().convert("P"),
        scene().convert("RGBA"),
        scene().convert("L"),
        scene().convert("LA"),
        scene().convert("1"),
        Image.new("I;16", (32, 16), 40_000),
    ],
    ids=lambda picture: picture.mode,
)
async def test_every_png_mode_is_taken(decoder: Decoder, picture: Image.Image) -> None:
    drawn = await decoder.decode([frame("png", picture)], SMALL, PLENTY_S)
    assert drawn.outcomes == [WHOLE]
    assert drawn.values.max() > 50


async def test_cmyk_jpeg_is_taken(decoder: Decoder) -> None:
    drawn = await decoder.decode([frame("jpeg", scene().convert("CMYK"))], SMALL, PLENTY_S)
    assert np.abs(drawn.values[0, 4, 1].astype(int) - (200, 0, 0)).max() < 40


async def test_large_jpeg_is_drawn_like_a_png(decoder: Decoder) -> None:
    """Decoding at an eighth must not move anything."""
    gradient = Image.radial_gradient("L").resize((640, 480)).convert("RGB")
    wanted = PixelsInput("x", None, 60, 40, 3)
    both = [frame("jpeg", gradient, quality=95), frame("png", gradient)]
    drawn = await decoder.decode(both, wanted, PLENTY_S)
    jpeg, png = drawn.values.astype(int)
    assert np.abs(jpeg - png).mean() < 2


async def test_the_fourth_byte_of_rgba_means_nothing(decoder: Decoder) -> None:
    """It is resized with the others, and must not tint them."""
    noise = np.random.default_rng(1).integers(0, 256, (40, 30, 4), np.uint8)
    rgba = Frame(1, "rgba", noise.tobytes(), 30, 40)
    rgb = Frame(1, "rgb", noise[..., :3].tobytes(), 30, 40)
    with_byte, without = (await decoder.decode([rgba, rgb], SMALL, PLENTY_S)).values
    assert np.array_equal(with_byte, without)


async def test_frame_keeps_its_size_where_the_model_takes_any(decoder: Decoder) -> None:
    drawn = await decoder.decode([frame("rgb")], ANY_SIZE, PLENTY_S)
    assert np.array_equal(drawn.values[0], np.asarray(scene()))
    with pytest.raises(BatchRejected, match="different sizes"):
        await decoder.decode([frame(), frame("png", scene(8, 8))], ANY_SIZE, PLENTY_S)


async def test_grey_models_get_one_channel(decoder: Decoder) -> None:
    wanted = PixelsInput("x", None, 8, 8, 1)
    for format in ("gray", "jpeg", "rgba"):
        drawn = await decoder.decode([frame(format)], wanted, PLENTY_S)
        assert drawn.values.shape == (1, 8, 8, 1)
        assert abs(int(drawn.values[0, 4, 1, 0]) - 60) < 5  # the luma of that red


async def test_float_pixels_are_scaled(decoder: Decoder) -> None:
    scale = Scale((100.0, 50.0, 0.0), (2.0, 10.0, 100.0))
    wanted = PixelsInput("x", None, 8, 8, 3, "stretch", scale)
    drawn = await decoder.decode([frame("rgb")], wanted, PLENTY_S)
    assert drawn.values.dtype == np.float32
    assert np.allclose(drawn.values[0, 4, 0], [50.0, -5.0, 0.0])
    assert np.allclose(drawn.values[0, 4, 7], [-50.0, -5.0, 2.0])


async def test_letterbox_keeps_the_aspect_and_says_where_the_frame_lies(decoder: Decoder) -> None:
    wanted = PixelsInput("x", None, 8, 8, 3, "letterbox")
    drawn = await decoder.decode([frame("rgb"), frame("rgb", scene(8, 8))], wanted, PLENTY_S)
    assert drawn.outcomes == [Placement(0.0, 0.25, 1.0, 0.5), Placement(0.0, 0.0, 1.0, 1.0)]
    wide = drawn.values[0]
    assert not wide[:2].any()
    assert not wide[6:].any()
    assert wide[2:6].any(axis=2).all()


async def test_letterbox_of_a_line_keeps_at_least_a_pixel(decoder: Decoder) -> None:
    wanted = PixelsInput("x", None, 8, 8, 3, "letterbox")
    drawn = await decoder.decode([frame("rgb", scene(1000, 2))], wanted, PLENTY_S)
    assert drawn.values[0].any(axis=(1, 2)).sum() == 1


def broken() -> dict[str, Frame]:
    whole = {name: frame(name, scene(64, 64)) for name in ("jpeg", "png", "webp")}
    frames = {
        f"truncated {name}": Frame(1, name, good.data[: len(good.data) // 2], 64, 64)
        for name, good in whole.items()
    }
    flipped = bytearray(whole["png"].data)
    flipped[60] ^= 0xFF
    return {
        **frames,
        "foreign": Frame(1, "jpeg", whole["png"].data, 64, 64),
        "empty": Frame(1, "png", b"", 64, 64),
        "noise": Frame(1, "webp", bytes(range(256)), 64, 64),
        "flipped byte": Frame(1, "png", bytes(flipped), 64, 64),
        "raw too short": Frame(1, "rgb", bytes(10), 64, 64),
        "raw too long": Frame(1, "gray", bytes(64 * 64 + 1), 64, 64),
        "larger than its header": Frame(1, "png", whole["png"].data, 8, 8),
    }


@pytest.mark.parametrize("name", list(broken()))
async def test_broken_frame_is_named_and_its_neighbours_are_drawn(
    decoder: Decoder, name: str
) -> None:
    drawn = await decoder.decode([frame(), broken()[name], frame("jpeg")], SMALL, PLENTY_S)
    first, wrong, last = drawn.outcomes
    assert isinstance(wrong, BadFrame)
    assert len(wrong.message) < 200
    assert "\n" not in wrong.message
    assert " at 0x" not in wrong.message
    assert [first, last] == [WHOLE, WHOLE]
    assert drawn.values.shape == (2, 8, 8, 3)
    assert (drawn.values[:, 4, 1, 0] > 150).all()


@pytest.mark.parametrize("kind", [b"\xe1Exif\0\0", b"\xe2MPF\0"])
async def test_entries_of_metadata_that_share_their_bytes_are_not_read(
    decoder: Decoder, kind: bytes
) -> None:
    plain = frame("jpeg")
    data = with_shared_entries(plain.data, kind)
    tracemalloc.start()
    drawn = await decoder.decode([plain._replace(data=data)], SMALL, PLENTY_S)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert drawn.outcomes == [WHOLE]
    assert peak < 2_000_000  # not 60 MB


async def test_slow_picture_costs_only_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures go first, and what is late says so; nothing waits for it."""
    decoder = Decoder(1)  # with more of them nobody could say who was first
    gate = threading.Event()
    draw, order = threads.draw, []

    def slow(frame: Frame, wanted: PixelsInput, row: Any) -> Any:
        order.append(frame.width)
        if frame.width > 100:
            gate.wait(10)
        return draw(frame, wanted, row)

    monkeypatch.setattr(threads, "draw", slow)
    enormous = frame("rgb", scene(400, 400))
    drawn = await decoder.decode([enormous, frame(), frame()], SMALL, 0.3)
    assert isinstance(drawn.outcomes[0], Overloaded)
    assert drawn.outcomes[1:] == [WHOLE, WHOLE]
    assert drawn.values.shape == (2, 8, 8, 3)
    assert order == [32, 32, 400]
    with pytest.raises(DeadlineExceeded):
        await decoder.decode([enormous], SMALL, 0.01)
    gate.set()
    decoder.close()


async def test_cancelled_batch_leaves_the_queue(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, busy = threading.Event(), threading.Barrier(3)
    drawn: list[int] = []

    def slow(frame: Frame, wanted: PixelsInput, row: Any) -> Placement:
        drawn.append(frame.id)
        if not gate.is_set():
            busy.wait(10)
            gate.wait(10)
        return WHOLE

    monkeypatch.setattr(threads, "draw", slow)
    batch = asyncio.ensure_future(decoder.decode([frame()] * 8, SMALL, PLENTY_S))
    await asyncio.to_thread(busy.wait, 10)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    gate.set()
    await decoder.decode([frame()], SMALL, PLENTY_S)
    assert len(drawn) == 3, "two at work when it was cancelled, and the one of the next batch"
