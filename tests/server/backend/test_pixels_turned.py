"""Pictures that lie on their side are drawn upright, and re-encoded where a graph decodes."""

from __future__ import annotations

import io
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from server.backend.contract import PixelsInput
from server.backend.pixels import WHOLE, Decoder, Placement, draw
from server.backend.pixels import decoder as threads
from server.backend.pixels.drawing import encode
from server.core.errors import BadFrame, Overloaded
from server.core.lanes import COSTLY
from server.core.messages import Frame
from tests.odd_pictures import chunk, corpus, png, quarters, saved

UPRIGHT = np.asarray(quarters(64, 48)).astype(int)
# How a stored picture comes about: the opposite of what EXIF tells a viewer to do.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
EVERY_TURN = pytest.mark.parametrize("orientation", STORED)
EVERY_FORMAT = pytest.mark.parametrize("picture_format", ["jpeg", "png", "webp"])


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder(2)
    yield decoder
    decoder.close()


def photo(orientation: int, picture_format: str = "png", **changes: Any) -> Frame:
    turn = STORED[orientation]
    picture = quarters(64, 48)
    picture = picture if turn is None else picture.transpose(turn)
    data = saved(picture, picture_format, quality=95)
    frame = Frame(1, picture_format, data, *picture.size, None, orientation)
    return frame._replace(**changes)


def drawn(frame: Frame, wanted: PixelsInput, width: int, height: int) -> tuple[Any, np.ndarray]:
    row = np.zeros((height, width, wanted.channels), np.uint8)
    return draw(frame, wanted, row), row.astype(int)


@EVERY_TURN
@EVERY_FORMAT
def test_a_turned_picture_is_drawn_upright(orientation: int, picture_format: str) -> None:
    frame = photo(orientation, picture_format)
    place, row = drawn(frame, PixelsInput("x", None, 64, 48, 3), 64, 48)
    assert place == WHOLE
    assert np.abs(row - UPRIGHT).mean() < 3


@EVERY_TURN
async def test_a_model_of_any_size_gets_the_upright_size(
    decoder: Decoder, orientation: int
) -> None:
    wanted = PixelsInput("x", None, None, None, 3)
    pixels = await decoder.decode([photo(orientation)], wanted, 10)
    assert (pixels.values[0] == UPRIGHT).all()


@EVERY_TURN
def test_letterbox_has_bars_for_the_upright_shape(orientation: int) -> None:
    wanted = PixelsInput("x", None, 32, 32, 3, "letterbox")
    place, row = drawn(photo(orientation), wanted, 32, 32)
    assert place == Placement(0.0, 0.125, 1.0, 0.75)
    assert not row[:4].any()
    assert not row[28:].any()
    assert np.abs(row[4:28] - np.asarray(quarters(32, 24))).mean() < 3


@EVERY_TURN
@EVERY_FORMAT
def test_a_graph_gets_an_upright_picture(orientation: int, picture_format: str) -> None:
    encoded = encode(photo(orientation, picture_format))
    assert isinstance(encoded, bytes)
    picture = Image.open(io.BytesIO(encoded))
    assert (picture.format or "").lower() == picture_format
    assert picture.size == (64, 48)
    assert np.abs(np.asarray(picture.convert("RGB")) - UPRIGHT).mean() < 6


def test_an_upright_picture_goes_to_a_graph_as_it_came() -> None:
    for picture_format in ("jpeg", "png", "webp"):
        frame = photo(1, picture_format)
        assert encode(frame) is frame.data


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt", b"eXIf"])
def test_a_graph_gets_no_metadata_of_a_png(kind: bytes) -> None:
    """It would inflate it: 1.9 MB that inflated to a profile of 132 bytes took 0.18 s."""
    plain = photo(1)
    frame = photo(1, data=plain.data[:33] + chunk(kind, b"name\0\0" + bytes(90)) + plain.data[33:])
    assert encode(frame) == plain.data


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            Frame(1, "png", png((8, 8), 8, 2, bytes(50_000_000)), 8, 8),
            "inflates beyond the 200 bytes",
        ),
        (Frame(1, "webp", corpus()["webp animated"].data, 24, 16), "is animated"),
        (photo(6, data=photo(6).data[:60]), "the png cannot be decoded"),
        (photo(6, width=64, height=48), "where its header says 64x48"),
    ],
    ids=["bomb", "animation", "truncated", "other size"],
)
async def test_what_a_graph_must_not_see(decoder: Decoder, frame: Frame, words: str) -> None:
    good = photo(1, "jpeg")
    first, wrong, last = await decoder.encode([good, frame, good], 10)
    assert isinstance(wrong, BadFrame)
    assert words in wrong.message
    assert [first, last] == [good.data, good.data]


@pytest.mark.parametrize("name", [name for name, odd in corpus().items() if odd.pixels is not None])
def test_odd_pictures_have_the_right_pixels(name: str) -> None:
    odd = corpus()[name]
    assert odd.pixels is not None
    height, width, _ = odd.pixels.shape
    frame = Frame(1, odd.format, odd.data, width, height)
    place, row = drawn(frame, PixelsInput("x", None, width, height, 3), width, height)
    assert place == WHOLE
    assert np.abs(odd.middles(row) - odd.middles(odd.pixels)).max() <= odd.tolerance


@pytest.mark.parametrize("which", ["cost", "worst_cost"])
async def test_costly_pictures_leave_the_threads_to_others(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """However many there are, one is drawn at a time, and small pictures go past them."""
    gate, busy = threading.Event(), []

    def slow(frame: Frame, wanted: PixelsInput, row: Any) -> Any:
        if getattr(frame, which) >= COSTLY:
            busy.append(frame.id)
            gate.wait(10)
        return draw(frame, wanted, row)

    monkeypatch.setattr(threads, "draw", slow)
    wanted = PixelsInput("x", None, 64, 48, 3)
    costly = [photo(1, id=i, **{which: COSTLY}) for i in range(4)]
    pixels = await decoder.decode([*costly, photo(1), photo(1)], wanted, 1.0)
    assert [type(outcome) for outcome in pixels.outcomes] == [Overloaded] * 4 + [Placement] * 2
    assert busy == [0]
    again = await decoder.decode([photo(1, **{which: COSTLY}), photo(1)], wanted, 0.2)
    assert isinstance(again.outcomes[0], Overloaded), "the thread is still at the first one"
    gate.set()
