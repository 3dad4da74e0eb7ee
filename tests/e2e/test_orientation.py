"""A phone's photo, stored as the sensor saw it, over the whole path: upload and WebSocket."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tornado.httpclient import AsyncHTTPClient

from demomodel import scenes
from loadtest.stack import Stack
from tests.e2e.client import Client
from tests.e2e.film import fits

SCENE = scenes.render(2, (640, 480))
TOLERANCE = 0.02
"""How far an edge of a box may move, of the picture's side: graph and gateway shrink a
picture differently."""

# How a stored picture comes about: the opposite of what EXIF tells a viewer to do.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def photo(orientation: int, kind: str = "JPEG") -> bytes:
    """The scene as a phone held this way stores it."""
    picture = SCENE.picture
    if orientation in STORED:
        picture = picture.transpose(STORED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    picture.save(out, kind, exif=exif.tobytes(), quality=95)
    return out.getvalue()


async def upload(stack: Stack, data: bytes, query: str = "") -> dict[str, Any]:
    """Upload a picture, again if it expired: on a busy machine any call may take long once."""
    url = f"{stack.url.rstrip('/')}/v1/infer?min_score=0.5{query}"
    outcome: dict[str, Any] = {"type": "dropped"}
    for _ in range(5):
        response = await AsyncHTTPClient().fetch(url, method="POST", body=data, raise_error=False)
        outcome = json.loads(response.body)
        if outcome["type"] != "dropped":
            break
    return outcome


def assert_same_boxes(outcome: dict[str, Any], upright: dict[str, Any]) -> None:
    assert outcome["type"] == "result", outcome
    found = sorted(zip(outcome["classes"], outcome["boxes"], strict=True))
    wanted = sorted(zip(upright["classes"], upright["boxes"], strict=True))
    assert [digit for digit, _ in found] == [digit for digit, _ in wanted]
    boxes, others = (np.array([box for _, box in side]) for side in (found, wanted))
    assert np.abs(boxes - others).max() < TOLERANCE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_an_upload_is_answered_as_a_viewer_shows_it(stack: Stack, kind: str) -> None:
    upright = await upload(stack, photo(1))
    assert fits(upright, SCENE)
    for orientation in range(1, 9):
        assert_same_boxes(await upload(stack, photo(orientation, kind)), upright)


async def test_an_upload_may_be_taken_as_it_is_stored(stack: Stack) -> None:
    stored = await upload(stack, photo(3), "&orientation=ignore")
    assert not fits(stored, SCENE)


async def test_an_unknown_orientation_is_refused(stack: Stack) -> None:
    outcome = await upload(stack, photo(3), "&orientation=left")
    assert outcome["code"] == "bad_message"


async def test_frames_are_turned_where_the_session_asks_for_it(stack: Stack) -> None:
    asks = await Client.connect(stack.port, min_score=0.5, orientation="apply")
    upright = await asks.ask(photo(1))
    for orientation in range(2, 9):
        assert_same_boxes(await asks.ask(photo(orientation)), upright)
    silent = await Client.connect(stack.port, min_score=0.5)
    assert not fits(await silent.ask(photo(3)), SCENE)
    await silent.say({"type": "configure", "orientation": "apply"})
    assert_same_boxes(await silent.ask(photo(3)), upright)
