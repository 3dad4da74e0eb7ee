"""Calls to peers that are right, but unusual, and to some that are nearly gone."""

from __future__ import annotations

from hpack import Decoder

from server.backend.http2 import frames
from tests.server.backend.framing_peer import Peer, called


async def answered(peer: Peer, stream: int) -> None:
    peer.answer(stream, b"answer")


async def test_a_peer_without_a_table_of_headers_can_read_each_request() -> None:
    """Its decoder insists on an encoder that says that it uses none."""
    result, peer = await called(answered)
    assert result == b"answer"
    decoder = Decoder()
    decoder.max_allowed_table_size = 0
    blocks = [block for kind, _, _, block in peer.received if kind == frames.HEADERS]
    paths = [dict(decoder.decode(block))[":path"] for block in blocks]
    assert set(paths) == {"/tests.Echo/Call"}
    assert len(paths) > 1
