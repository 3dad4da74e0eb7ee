"""Wrong frames in both encodings: each has a named error and keeps its id."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgpack
import pytest

from server.core.errors import (
    BadFrame,
    BadMessage,
    FrameTooLarge,
    FramewireError,
    UnsupportedFormat,
)
from server.core.wire import JSON, Encoding
from server.transport.encodings import MSGPACK
from tests.server.core.refusals import BOTH, assert_refused, refused
from tests.server.samples import LIMITS, frame_fields, picture

# What is wrong with a frame


@BOTH
@pytest.mark.parametrize("frame_id", [-1, 2**64, 1.5, True, "1", None, [1]])
def test_wrong_ids(encoding: Encoding, frame_id: Any) -> None:
    if encoding is MSGPACK and frame_id == 2**64:
        frame_id = float(2**64)  # all that msgpack can say of it
    assert_refused(frame_fields(frame_id), encoding, BadMessage, "'id'")


def test_id_that_is_not_a_number_in_json() -> None:
    found = refused('{"type":"frame","id":NaN}', JSON)
    assert "'id' must be an integer" in found.error.message


@BOTH
@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"format": None}, BadMessage, "'format' is required: one of jpeg, png, webp, rgba"),
        ({"format": "gif"}, UnsupportedFormat, "format 'gif' is not one of jpeg"),
        ({"format": "JPEG"}, UnsupportedFormat, "format 'JPEG' is not one of"),
        ({"format": 3}, BadMessage, "'format' must be a string"),
        ({"width": 0}, BadMessage, "'width' must be an integer from 1 to"),
        ({"height": -4}, BadMessage, "'height' must be an integer"),
        ({"width": 2**40}, BadMessage, "'width' must be an integer"),
        ({"height": "48"}, BadMessage, "'height' must be an integer"),
        ({"width": True}, BadMessage, "'width' must be an integer"),
        ({"captured_at": "now"}, BadMessage, "'captured_at' must be a number, not a string"),
        ({"captured_at": True}, BadMessage, "'captured_at' must be a number, not a boolean"),
        ({"data": b""}, BadFrame, "'data' is empty"),
        ({"data": b"\x00" * 100}, BadFrame, "format says jpeg, but the data is not a picture"),
        ({"data": b"GIF89a" + b"\0" * 20}, BadFrame, "but the data looks like gif"),
        ({"data": picture("png")}, BadFrame, "but the data looks like png"),
        ({"data": picture()[:-40]}, BadFrame, "truncated jpeg"),
        ({"data": b"\xff\xd8\xff" * 30_000}, FrameTooLarge, "90000 bytes; the limit is 65536"),
        (
            {"format": "rgb", "data": bytes(12)},
            BadFrame,
            "requires 'width' and 'height'",
        ),
        (
            {"format": "rgba", "data": bytes(35), "width": 3, "height": 3},
            BadFrame,
            "3x3 rgba is 36 bytes, not 35",
        ),
        ({"format": "gray", "data": bytes(10), "width": 3, "height": 3}, BadFrame, "9 bytes, not"),
        (
            {"format": "gray", "data": bytes(12), "width": 2**31, "height": 2**31},
            BadFrame,
            "gray is 4611686018427387904 bytes, not 12",
        ),
    ],
)
def test_wrong_frames_name_what_was_wrong_and_which_frame(
    encoding: Encoding, changes: dict[str, Any], kind: type[FramewireError], words: str
) -> None:
    assert_refused(frame_fields(5, **changes), encoding, kind, words, frame_id=5)


@BOTH
def test_too_many_pixels_in_few_bytes(encoding: Encoding) -> None:
    huge = picture("png", 3000, 2000)
    assert len(huge) < LIMITS.max_frame_bytes
    fields = frame_fields(5, format="png", data=huge)
    assert_refused(fields, encoding, FrameTooLarge, "6000000 pixels; the limit is 1000000", 5)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "'data' is an empty map; wrap the ArrayBuffer in a Uint8Array"),
        ({"0": 255}, "'data' must be bin, not a map"),
        ("/9j/4AAQ", "'data' must be bin, not a string"),
        ([255, 216], "'data' must be bin, not an array"),
        (msgpack.ExtType(1, b"\xff\xd8"), "'data' must be bin, not an extension type"),
        (None, "'data' must be bin, not null"),
        (7, "'data' must be bin, not a number"),
    ],
)
def test_data_that_is_no_bin(data: Any, words: str) -> None:
    payload = MSGPACK.pack({"type": "frame", "id": 5, "format": "jpeg", "data": data})
    found = refused(payload, MSGPACK)
    assert type(found.error) is BadFrame
    assert words in found.error.message
    assert found.frame_id == 5


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("not base64!", "'data' is not valid base64"),
        (
            "data:image/jpeg;base64," + base64.b64encode(picture()).decode(),
            "'data' is not valid base64",
        ),
        ("é", "'data' is not valid base64"),
        (base64.b64encode(picture()).decode()[:-3], "'data' is not valid base64"),
        ([1, 2], "must be a base64 string, not an array"),
        (None, "must be a base64 string, not null"),
    ],
)
def test_data_that_is_no_base64(data: Any, words: str) -> None:
    payload = json.dumps({"type": "frame", "id": 5, "format": "jpeg", "data": data})
    found = refused(payload, JSON)
    assert type(found.error) is BadFrame
    assert words in found.error.message
    assert found.frame_id == 5
