"""The bytes of a connection: split, joined, too many at once, and malformed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from server.core import flood
from server.core.answers import Tensor, Tensors
from server.transport import websocket
from server.transport.encodings import MSGPACK
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.puppet import Call
from tests.server.raw_peer import RawPeer, frame
from tests.server.samples import frame_fields, packed


def message(fields: dict[str, Any]) -> bytes:
    """Return a message's bytes on the wire."""
    return frame(2, packed(MSGPACK, fields))


HELLO = message({"type": "hello"})


async def kinds(peer: RawPeer, count: int) -> list[str]:
    """Return the types of the next messages."""
    return [MSGPACK.unpack((await peer.read())[1])["type"] for _ in range(count)]


async def test_handshake_hello_and_frame_in_one_packet(served: Served) -> None:
    """Nothing is lost of what follows the handshake."""
    peer = await RawPeer.connect(served.port, HELLO + message(frame_fields(1)))
    assert await kinds(peer, 2) == ["welcome", "result"]
    peer.leave()


async def test_more_than_one_read_right_after_the_handshake(serve: Serve) -> None:
    served = serve(max_frame_bytes=2**20)
    large = message(frame_fields(1, data=b"\xff\xd8\xff" + bytes(200_000)))
    peer = await RawPeer.connect(served.port, HELLO + large + message(frame_fields(2)))
    assert await kinds(peer, 3) == ["welcome", "error", "result"]
    peer.leave()


async def test_byte_by_byte(served: Served) -> None:
    peer = await RawPeer.connect(served.port)
    for byte in HELLO + message({"type": "ping", "t": 1}):
        peer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert await kinds(peer, 2) == ["welcome", "pong"]
    peer.leave()


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        (b"\x82\x05hello", 1002, b"unmasked WebSocket frame"),
        (frame(0x5, b"x"), 1002, b"unknown opcode 5"),
        (frame(2, bytes(300_000)), 1009, b"message too big"),
        (frame(1, b"\xff\xff"), 1007, b"invalid UTF-8"),
        (frame(8, b"\x03\xe8\xff"), 1007, b"invalid UTF-8"),
    ],
)
async def test_a_malformed_message_is_answered_with_the_reason(
    serve: Serve,
    sent: bytes,
    code: int,
    words: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client gets it while still sending, then the connection ends, and nothing is logged."""
    monkeypatch.setattr(websocket, "_LINGER_S", 1.0)
    served = serve(max_frame_bytes=2048)
    neighbour = await SocketClient.open(served)
    peer = await RawPeer.connect(served.port)
    peer.write(sent)
    opcode, payload = await peer.read()
    assert (opcode, payload) == (0x8, code.to_bytes(2, "big") + words)
    assert await peer.ended()
    await neighbour.works()
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_flood_of_messages_does_not_starve_others(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One read can hold ten thousand messages. Time is this thread's: others may be in its way."""
    monkeypatch.setattr(flood, "MESSAGES_PER_S", 1e9)
    monkeypatch.setattr(flood, "MESSAGES_BURST", 1e9)
    served = serve()
    neighbour, peer = await SocketClient.open(served), await RawPeer.connect(served.port)
    sending = asyncio.ensure_future(_flood(peer))
    longest = 0.0
    for number in range(1, 30):
        started = time.thread_time()
        await neighbour.works(number)
        longest = max(longest, time.thread_time() - started)
    sending.cancel()
    peer.leave()
    assert longest < 0.3, "handling a whole read at once takes longer"


async def _flood(peer: RawPeer) -> None:
    pongs = frame(0xA) * 40_000
    while True:
        peer.write(pongs)
        await peer.written()


async def test_a_message_larger_than_the_socket_buffers_arrives_whole(served: Served) -> None:
    size = 8 * 2**20
    large = Tensors({"t": Tensor("uint8", (size,), bytes(range(256)) * (size // 256))})

    def answer(call: Call) -> None:
        call.answer_with([large for _ in call.frames])

    served.puppet.obey = answer
    client = await SocketClient.open(served)
    for number in (1, 2):
        client.shoot(number)
        found = await client.read()
        assert found["id"] == number
        assert found["outputs"]["t"]["data"] == large.outputs["t"].data
