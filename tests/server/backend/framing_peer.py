"""A model server that speaks HTTP/2 frame by frame, and calls to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio
import pytest

from server.backend.http2 import DirectMethod, frames
from server.backend.http2.frames import Frame, FrameReader, frame
from server.backend.http2.headers import encode

METHOD = "/tests.Echo/Call"
PATIENCE_S = 20.0
OK = encode([(":status", "200"), ("content-type", "application/grpc")])
TRAILERS = encode([("grpc-status", "0")])
BOTH = frames.END_HEADERS | frames.END_STREAM


async def fallback(request: bytes, timeout_s: float, metadata: Any) -> Any:
    """Stands where grpc.aio makes the calls that have no connection yet."""
    return b"fallback", {}


async def until_connected(method: DirectMethod) -> None:
    for _ in range(int(PATIENCE_S * 100)):
        if (await method([b"connect"], PATIENCE_S, ()))[0] != b"fallback":
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("no connection")


async def failure(method: DirectMethod, request: bytes, timeout_s: float = PATIENCE_S) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await method([request], timeout_s, ())
    return caught.value


Reaction = Callable[["Peer", int], Awaitable[None]]


class Peer:
    """Accepts connections, introduces itself, and reacts to each complete request.

    A connection that is ``deaf`` takes what is sent, and reacts to nothing.
    """

    def __init__(self, react: Reaction, settings: dict[int, int]) -> None:
        self.received: list[Frame] = []
        self.ended = asyncio.Event()
        self.connections = 0
        self._react = react
        self._settings = settings

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.ended.clear()
        self.writer = writer
        self.deaf = False
        await reader.readexactly(24)
        writer.write(frames.settings(self._settings))
        cut = FrameReader()
        while received := await reader.read(65536):
            for one in cut.feed(memoryview(received)):
                self.received.append(one)
                kind, flags, stream, payload = one
                if self.deaf:
                    continue
                if kind == frames.PING and not flags & frames.ACK:
                    writer.write(frame(frames.PING, frames.ACK, 0, payload))
                if kind == frames.DATA and flags & frames.END_STREAM:
                    await self._react(self, stream)
        writer.close()
        self.ended.set()

    def answer(self, stream: int, body: bytes, more: bytes = b"", compressed: int = 0) -> None:
        self.writer.write(answer(stream, body, compressed) + more)


def answer(stream: int, body: bytes, compressed: int = 0) -> bytes:
    content = bytes([compressed]) + len(body).to_bytes(4, "big") + body
    return (
        frame(frames.HEADERS, frames.END_HEADERS, stream, OK)
        + frame(frames.DATA, 0, stream, content)
        + frame(frames.HEADERS, BOTH, stream, TRAILERS)
    )


async def one_more(method: DirectMethod) -> None:
    await method([b"last"], 0.05, ())


async def called(
    react: Reaction,
    timeout_s: float = PATIENCE_S,
    afterwards: Callable[[DirectMethod], Awaitable[None]] = one_more,
) -> tuple[Any, Peer]:
    """The answer, or the error, to a call that ``react`` reacts to, after one that is answered.

    What comes ``afterwards`` must end as well, whatever has become of the connection.
    """
    first = True

    async def after_the_first(peer: Peer, stream: int) -> None:
        nonlocal first
        if first:
            peer.answer(stream, b"connected")
        else:
            await react(peer, stream)
        first = False

    peer = Peer(after_the_first, {})
    async with await asyncio.start_server(peer.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        method = DirectMethod(f"localhost:{port}", METHOD, bytes, fallback)
        await until_connected(method)
        try:
            result: Any = (await method([b"request"], timeout_s, ()))[0]
        except grpc.aio.AioRpcError as error:
            result = error.with_traceback(None)
        with contextlib.suppress(grpc.aio.AioRpcError):
            await asyncio.wait_for(afterwards(method), PATIENCE_S)
        method.disconnect()
        await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)
        return result, peer
