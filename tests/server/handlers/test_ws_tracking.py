"""Tracking over a real connection: boxes keep their ids, and events come with them."""

from __future__ import annotations

from typing import Any

import pytest

from server.core.answers import Detections
from server.core.wire import JSON, Encoding
from server.transport.encodings import MSGPACK
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.puppet import Call

BOTH = pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])
STEP_MS = 100


def moves(call: Call) -> None:
    """Answer with one box that moves right by 0.02 per frame, and a weak one that stays."""
    [frame] = call.frames
    x = 0.4 + 0.02 * frame.id
    call.answer_with([Detections([[x, 0.4, x + 0.1, 0.5], [0, 0, 0.1, 0.1]], [0.9, 0.2], [7, 7])])


@pytest.fixture
def moving(serve: Serve) -> Served:
    served = serve()
    served.puppet.obey = moves
    return served


async def shoot(client: SocketClient, frame_id: int) -> dict[str, Any]:
    client.shoot(frame_id, captured_at=frame_id * STEP_MS)
    result = await client.read()
    assert (result["type"], result["id"]) == ("result", frame_id)
    return result


@BOTH
async def test_ids_and_velocities(moving: Served, encoding: Encoding) -> None:
    client = await SocketClient.connect(moving, encoding)
    client.send({"type": "hello", "track": True})
    assert "track" in (await client.read())["features"]
    results = [await shoot(client, frame_id) for frame_id in range(10)]
    assert [result["ids"] for result in results] == [[None, None], *[[1, None]] * 9]
    edges, nothing = results[-1]["velocities"]
    assert edges == pytest.approx([0.2, 0, 0.2, 0], abs=0.02)
    assert nothing is None


@BOTH
async def test_a_line_is_crossed(moving: Served, encoding: Encoding) -> None:
    """The centre of the box is at 0.45 in the first frame, and so at 0.5 half-way to the fourth."""
    lines = {"door": [[0.5, 0], [0.5, 1]]}
    client = await SocketClient.open(moving, encoding, track={"confirm_ms": 0}, lines=lines)
    events = [event for i in range(6) for event in (await shoot(client, i))["events"]]
    [event] = events
    assert event.pop("at") == pytest.approx(2.5 * STEP_MS, abs=1)
    assert event == {"kind": "cross", "id": 1, "class": 7, "line": "door", "to": "left"}


async def test_without_being_asked_for_there_is_none(moving: Served) -> None:
    client = await SocketClient.open(moving)
    result = await shoot(client, 0)
    assert result.keys().isdisjoint({"ids", "velocities", "restarted", "events", "counts"})
    client.send({"type": "configure", "track": True})
    assert "ids" in await shoot(client, 1)


async def test_wrong_options_are_named(moving: Served) -> None:
    client = await SocketClient.open(moving)
    client.send({"type": "configure", "track": {"lost_ms": -1}})
    error = await client.read()
    assert (error["code"], "'lost_ms'" in error["message"]) == ("bad_message", True)
    await shoot(client, 0)
