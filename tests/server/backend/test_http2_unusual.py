"""Calls to peers that are right, but unusual, and to some that are nearly gone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
from typing import Any

import grpc
import pytest
from hpack import Decoder

from server.backend.http2 import DirectMethod, frames
from server.backend.http2.frames import FrameReader, frame
from server.backend.http2.protocol import Stream
from tests.server.backend.framing_peer import (
    METHOD,
    PATIENCE_S,
    Peer,
    answer,
    called,
    fallback,
    until_connected,
)

Code = grpc.StatusCode


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


async def until_a_new_connection(peer: Peer, method: DirectMethod) -> None:
    while peer.connections < 2:
        await method([b"once more"], PATIENCE_S, ())
        await asyncio.sleep(0.01)


async def test_a_peer_that_announces_its_leave_and_stays_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)

    async def announce(peer: Peer, stream: int) -> None:
        if peer.connections > 1:
            peer.answer(stream, b"again")
            return
        peer.writer.write(frame(frames.GOAWAY, 0, 0, stream.to_bytes(4, "big") + bytes(4)))

    result, peer = await called(announce, 0.05, until_connected)
    assert result.code() is Code.DEADLINE_EXCEEDED
    assert peer.connections == 2


async def test_a_peer_that_has_vanished_gets_no_calls_and_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Something between keeps its connection open, and takes whatever is sent.

    It has little time to say something, and only while it has vanished: a stall must not make the
    gateway leave another peer.
    """
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)

    async def vanish(peer: Peer, stream: int) -> None:
        if peer.connections > 1:
            peer.answer(stream, b"again")
        else:
            peer.deaf = True
            monkeypatch.setattr("server.backend.http2.connection.REPLY_S", 0.05)

    async def the_next(method: DirectMethod) -> None:
        monkeypatch.setattr("server.backend.http2.connection.REPLY_S", PATIENCE_S)
        assert (await method([b"next"], PATIENCE_S, ()))[0] == b"fallback"
        await until_connected(method)

    result, peer = await called(vanish, 0.05, the_next)
    assert result.code() is Code.DEADLINE_EXCEEDED
    assert peer.connections == 2


async def test_a_slow_peer_is_asked_and_kept() -> None:
    async def answer_the_next(peer: Peer, stream: int) -> None:
        if stream > 3:
            peer.answer(stream, b"next")

    result, peer = await called(answer_the_next, 0.05, until_connected)
    assert result.code() is Code.DEADLINE_EXCEEDED
    assert peer.connections == 1
    assert [kind for kind, *_ in peer.received].count(frames.PING) == 1


async def test_a_peer_that_never_introduces_itself_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.backend.http2.connection.REPLY_S", 0.05)
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)
    connections: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        method = DirectMethod(f"127.0.0.1:{port}", METHOD, bytes, fallback)
        for _ in range(int(PATIENCE_S * 100)):
            assert (await method([b"?"], PATIENCE_S, ()))[0] == b"fallback"
            if len(connections) == 3:
                break
            await asyncio.sleep(0.01)
        assert len(connections) == 3
        method.disconnect()
        for writer in connections:
            await asyncio.wait_for(writer.wait_closed(), PATIENCE_S)


async def test_what_arrived_before_the_connection_broke_counts() -> None:
    """The peer answers, leaves and closes at a moment at which other calls are being written."""

    def serve(listening: socket.socket, go: threading.Event, gone: threading.Event) -> None:
        accepted, _ = listening.accept()
        accepted.recv(24, socket.MSG_WAITALL)
        accepted.sendall(frames.settings({}))
        cut, streams = FrameReader(), []
        while not streams:
            for kind, _, stream, _ in cut.feed(memoryview(accepted.recv(65536))):
                if kind == frames.DATA:
                    streams.append(stream)
        go.wait(PATIENCE_S)
        last = frame(frames.GOAWAY, 0, 0, streams[0].to_bytes(4, "big") + bytes(4))
        accepted.sendall(answer(streams[0], b"answer") + last)
        accepted.close()
        gone.set()

    go, gone = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening, go, gone))
        thread.start()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        method = DirectMethod(address, METHOD, bytes, fallback)
        first = await begun(method, b"first")

        def leave() -> None:
            go.set()
            gone.wait(PATIENCE_S)

        asyncio.get_running_loop().call_soon(leave)
        calls = [asyncio.ensure_future(method([b"later"], PATIENCE_S, ())) for _ in range(3)]
        assert (await first)[0] == b"answer"
        assert [(await call)[0] for call in calls] == [b"fallback"] * 3
        thread.join()
        method.disconnect()


async def begun(method: DirectMethod, request: bytes) -> asyncio.Future[Any]:
    """The first call that its connection takes."""
    while True:
        call = asyncio.ensure_future(method([request], PATIENCE_S, ()))
        done, _ = await asyncio.wait([call], timeout=0.01)
        if not done:
            return call


async def test_of_several_addresses_one_that_has_vanished_does_not_take_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.backend.http2.method.CONNECT_S", 0.5)
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)
    with contextlib.ExitStack() as held:
        full = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # its queue is full from then on, and further packets are ignored
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        peer = Peer(answered, {})
        async with await asyncio.start_server(peer.serve, "127.0.0.1", 0) as server:
            ends = full.getsockname(), server.sockets[0].getsockname()
            found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", end) for end in ends]

            async def two_addresses(*name: object, **options: object) -> Any:
                return found

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two_addresses)
            method = DirectMethod("name:8500", METHOD, bytes, fallback)
            await until_connected(method)
            method.disconnect()
            await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)


def streams() -> list[Stream]:
    """The calls of this test of which anything is in memory."""
    gc.collect()
    loop, found = asyncio.get_running_loop(), gc.get_objects()
    kept = [one for one in found if isinstance(one, Stream) and one.waiter is not None]
    return [one for one in kept if one.waiter.get_loop() is loop]


@pytest.mark.parametrize("lost", [False, True])
async def test_nothing_is_kept_of_calls_that_are_over(lost: bool) -> None:
    """Neither a large answer, nor the pictures of a call whose connection was lost."""

    async def answer_or_hang_up(peer: Peer, stream: int) -> None:
        if lost:
            peer.writer.close()
        else:
            peer.answer(stream, b"answer")

    left: list[Stream] = []

    async def look(method: DirectMethod) -> None:
        left.extend(streams())

    await called(answer_or_hang_up, afterwards=look)
    assert left == []
