"""Floods over real sockets: closed with 1008 and the reason, while a neighbour is served."""

from __future__ import annotations

from typing import Any

import pytest

from server.core.flood import LIMITS, MESSAGES_BURST
from server.core.wire import JSON
from server.runtime.metrics import Metrics
from tests.server.camera import accounts
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.raw_peer import RawPeer, frame
from tests.server.samples import frame_fields, packed

LOW_SCORE, HIGH_SCORE = ({"type": "configure", "min_score": score} for score in (0.1, 0.9))


def text(fields: dict[str, Any]) -> bytes:
    """A message as a WebSocket frame of text."""
    payload = packed(JSON, fields)
    assert isinstance(payload, str)
    return frame(0x1, payload.encode())


HELLO = text({"type": "hello"})
FRAGMENTS = frame(0x2, b"x", final=False), frame(0x0, b"x", final=False)

FLOODS = {
    "pings": (HELLO, frame(0x9), "more than 20 ping messages a second"),
    "ping messages": (HELLO, text({"type": "ping"}), "more than 20 ping messages a second"),
    "hello": (b"", HELLO, "more than 10 hello messages a second"),
    "configure": (
        HELLO,
        text(LOW_SCORE) + text(HIGH_SCORE),
        "more than 10 configure messages a second",
    ),
    "configure without a change": (HELLO, text(LOW_SCORE), "more than 200 messages a second"),
    "pongs": (HELLO, frame(0xA), "more than 200 messages a second"),
    "fragments": (FRAGMENTS[0], FRAGMENTS[1] * 32, "more than 200 messages a second"),
}


async def closed_with(peer: RawPeer) -> tuple[int, str]:
    """Read to the close frame; return its code and reason."""
    while True:
        opcode, payload = await peer.read()
        if opcode == 0x8:
            return int.from_bytes(payload[:2], "big"), payload[2:].decode()


@pytest.mark.parametrize(("first", "flood", "reason"), FLOODS.values(), ids=FLOODS)
async def test_a_flood_ends_its_own_session_alone(
    serve: Serve, first: bytes, flood: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "server")
    served = serve(hello_timeout_s=60)  # one of them says no hello, and takes a while
    neighbour = await SocketClient.open(served)
    peer = await RawPeer.connect(served.port)
    peer.write(first + 2 * MESSAGES_BURST * flood)
    assert await closed_with(peer) == (1008, reason)
    await neighbour.works()
    value = Metrics(served.gateway).registry.get_sample_value
    assert value("framewire_sessions_refused_total", {"reason": "flood"}) == 1
    assert caplog.messages[-1] == f"session from 127.0.0.1 closed: {reason}"
    peer.leave()


async def test_what_follows_a_flood_has_no_effect(served: Served) -> None:
    """Not even in the same packet."""
    peer = await RawPeer.connect(served.port)
    after = text(frame_fields(1)) * 3
    peer.write(HELLO + frame(0x9) * 2 * LIMITS["ping"][1] + after)
    await closed_with(peer)
    assert accounts(served.gateway)[0] == 0
    peer.leave()


async def test_a_slider_closes_no_socket(served: Served) -> None:
    """A client whose slider sends each position: most of them change nothing."""
    client = await SocketClient.open(served)
    for n in range(150):
        client.send({"type": "configure", "min_score": n // 10 / 100})
    await client.works()
