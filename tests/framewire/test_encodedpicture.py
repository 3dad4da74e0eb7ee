"""Encoded pictures are opened without their metadata, whoever opens them."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from export.verification.recorded import pictures as recorded
from framewire.client import pictures as sent
from framewire.client.messages import Limits, Model
from framewire.encodedpicture import kind, opened, upright
from framewire.recording import RecordedFrame, RecordedSession
from loadtest.cameras.source import of_folder
from tests.odd_pictures import chunk, corpus, quarters, saved, with_shared_entries

TAKEN = [name for name, odd in corpus().items() if not odd.refused]
PLAIN = saved(quarters(320, 240), "JPEG")
LIMITS = Limits(window=4, max_frame_bytes=100, max_pixels=1_000_000, max_staleness_ms=500)
MODEL = Model("digits", 1, None, "detection", (), ("jpeg",), 64, 64)


@pytest.mark.parametrize("name", TAKEN)
def test_pixels_and_orientation_are_those_of_the_picture(name: str) -> None:
    odd = corpus()[name]
    whole = Image.open(io.BytesIO(odd.data))
    image, orientation = opened(odd.data)
    assert kind(odd.data) == odd.format
    assert np.array_equal(image, whole)
    turned = ImageOps.exif_transpose(whole).convert("RGBA")
    assert np.array_equal(upright(image, orientation).convert("RGBA"), turned)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_of_every_format(format: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(quarters(), format, exif=exif.tobytes(), icc_profile=b"profile" * 9)
    image, orientation = opened(data)
    assert orientation == turn
    assert upright(image, turn).size == ((16, 24) if turn > 4 else (24, 16))
    if format != "WEBP":
        assert not {"exif", "icc_profile"} & image.info.keys()


NINE = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x09"


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", NINE])
def test_what_is_unreadable_counts_as_upright(exif: bytes) -> None:
    data = saved(quarters(), "PNG")
    _, orientation = opened(data[:33] + chunk(b"eXIf", exif) + data[33:])
    assert orientation == 1


def test_the_first_orientation_of_a_png_counts() -> None:
    data = saved(quarters(), "PNG")
    both = b"".join(chunk(b"eXIf", NINE[:-1] + bytes([turn])) for turn in (6, 3))
    _, orientation = opened(data[:33] + both + data[33:])
    assert orientation == 6


def test_bytes_between_segments_are_skipped() -> None:
    image, _ = opened(PLAIN[:20] + b"\0\0\xff\xff\xff\xd0" + PLAIN[20:])
    assert np.array_equal(image, Image.open(io.BytesIO(PLAIN)))


@pytest.mark.parametrize("end", [2, 3, 4, 20, 300])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_what_breaks_off_is_no_picture(format: str, end: int) -> None:
    with pytest.raises((UnidentifiedImageError, OSError)):
        opened(saved(quarters(320, 240), format)[:end])[0].load()


# Everything that opens pictures from outside


def in_folder(data: bytes, folder: Path) -> object:
    (folder / "one.jpg").write_bytes(data)
    return of_folder(folder)


def of_recording(data: bytes) -> RecordedFrame:
    message = {"type": "frame", "id": 1, "format": "jpeg", "data": data}
    session = RecordedSession("5e55", {"orientation": "apply"}, {})
    return RecordedFrame(session, 1.0, message, {"type": "dropped", "id": 1})


@pytest.mark.parametrize("segment", [b"\xe1Exif\0\0", b"\xe2MPF\0"])
@pytest.mark.parametrize(
    "read",
    [
        in_folder,
        lambda data, _: recorded.encoded(of_recording(data)),
        lambda data, _: recorded.opened(of_recording(data)),
        lambda data, _: sent.encode(data, MODEL, LIMITS),
    ],
    ids=["load test", "sent to a version", "shown in a report", "client"],
)
def test_entries_of_metadata_that_share_their_bytes_are_not_read(
    read: Callable[[bytes, Path], Any], segment: bytes, tmp_path: Path
) -> None:
    data = with_shared_entries(PLAIN, segment)
    read(PLAIN, tmp_path)  # what is loaded once
    tracemalloc.start()
    read(data, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000  # not 60 MB
