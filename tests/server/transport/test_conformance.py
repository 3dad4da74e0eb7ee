"""The WebSocket conformance cases over real sockets, plain and with TLS."""

from __future__ import annotations

import asyncio

import pytest

from server.transport import websocket
from server.transport.reader import CLOSE, TEXT
from tests.server.raw_peer import RawPeer, frame
from tests.server.transport.cases import CASES, HELLO
from tests.server.transport.conftest import Echo
from tests.server.transport.conversation import Case, close, closed

DEFLATE = (
    "Sec-WebSocket-Extensions: permessage-deflate",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover, x-other; a=b",
)


FAILURES = (closed(1002), closed(1007), closed(1009))


async def converse(peer: RawPeer, case: Case) -> None:
    """Send what the case sends; the replies are as listed. A clean close ends the connection."""
    for piece in case.sent:
        peer.write(piece)
        await asyncio.sleep(0)
    replies = case.replies
    if not replies or replies[-1][0] != CLOSE:
        peer.write(close(1000))
        replies = (*replies, closed(1000))
    for opcode, payload in replies:
        found = await peer.read()
        assert found[0] == opcode
        assert (found[1][:2] if opcode == CLOSE else found[1]) == payload
    if replies[-1] not in FAILURES:
        assert await peer.ended()
    peer.leave()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_case_of_rfc_6455(echo: Echo, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "_LINGER_S", 20.0)  # for whoever is slow to send its pieces
    await converse(await echo.connect(), case)


@pytest.mark.parametrize("offer", DEFLATE)
async def test_compression_is_declined(echo: Echo, offer: str) -> None:
    """The handshake succeeds without an extension, and messages travel uncompressed."""
    peer = await echo.connect(headers=(offer,))
    assert b"extensions" not in peer.response.lower()
    await converse(peer, Case("text", (frame(TEXT, b"hello"),), (HELLO,)))


async def test_a_compressed_message_fails_though_compression_was_offered(echo: Echo) -> None:
    peer = await echo.connect(headers=DEFLATE[:1])
    compressed = frame(TEXT, b"\xcaH\xcd\xc9\xc9\x07\x00", rsv=4)
    await converse(peer, Case("deflated hello", (compressed,), (closed(1002),)))


async def test_frames_in_the_packet_of_the_handshake(echo: Echo) -> None:
    peer = await echo.connect(behind=frame(TEXT, b"hello") + close(1000))
    assert [await peer.read() for _ in range(2)] == [HELLO, closed(1000)]
    assert await peer.ended()
    peer.leave()


async def test_a_failed_connection_says_why_while_the_client_still_sends(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "_LINGER_S", 2.0)
    peer = await echo.connect()
    peer.write(frame(0x3) + frame(TEXT, bytes(2**20)) * 3)
    assert await peer.read() == (CLOSE, b"\x03\xeaunknown opcode 3")
    assert await peer.ended()
    peer.leave()
