"""Calls that a model server refuses without looking at them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from server.backend.channel import REFUSED_PAUSES_S, WrappedMethod
from server.backend.http2 import frames
from server.backend.http2.protocol import REFUSED
from tests.server.backend.framing_peer import METHOD, PATIENCE_S, Peer


async def called(refusals: int) -> tuple[Any, int]:
    """The answer, or the error, of a peer that refuses so many calls; and how many it got."""
    calls = 0

    async def refuse_or_answer(peer: Peer, stream: int) -> None:
        nonlocal calls
        calls += 1
        if calls > refusals:
            peer.answer(stream, b"answer")
        else:
            peer.writer.write(frames.number(frames.RST_STREAM, stream, REFUSED))

    peer = Peer(refuse_or_answer, {})
    async with await asyncio.start_server(peer.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                result: Any = await WrappedMethod(channel.unary_unary(METHOD))(b"?", PATIENCE_S)
            except grpc.aio.AioRpcError as error:
                result = error.with_traceback(None)
        await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)
    return result, calls


async def test_a_refused_call_is_made_again() -> None:
    result, calls = await called(refusals=3)
    assert result[0] == b"answer"
    assert calls == 4


async def test_a_model_server_that_refuses_all_calls_is_left_to_others() -> None:
    result, calls = await called(refusals=1000)
    assert result.code() is grpc.StatusCode.UNAVAILABLE
    assert calls == len(REFUSED_PAUSES_S) + 1


async def test_it_is_not_made_again_when_no_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.backend.channel.REFUSED_PAUSES_S", (PATIENCE_S,))
    result, calls = await called(refusals=1000)
    assert result.code() is grpc.StatusCode.UNAVAILABLE
    assert calls == 1
