"""A socket that Tornado accepted, on asyncio's transport."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field

import pytest
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

from server.transport.socketstream import SocketStream
from tests.server.waiting import turn, until

PATIENCE_S = 5.0
LARGE = bytes(range(256)) * 2**15  # more than two sockets hold


@dataclass
class Pair:
    """Both ends: ``task`` takes over the socket of ``taken``; ``peer`` is the other end."""

    taken: SocketStream
    task: asyncio.Task[None]
    reader: asyncio.StreamReader
    peer: asyncio.StreamWriter
    came: bytearray = field(default_factory=bytearray)


async def pair() -> Pair:
    ours, theirs = socket.socketpair()
    reader, peer = await asyncio.open_connection(sock=theirs)
    came = bytearray()
    taken = SocketStream(IOLoop.current(), came.extend)
    task = asyncio.ensure_future(taken.take_over(IOStream(ours)))
    return Pair(taken, task, reader, peer, came)


async def read(ends: Pair, size: int) -> bytes:
    return await asyncio.wait_for(ends.reader.readexactly(size), PATIENCE_S)


async def test_writes_during_the_takeover_come_first() -> None:
    ends = await pair()
    early = ends.taken.write(b"early ")
    assert not early.done()
    await ends.task
    late = ends.taken.write(b"late")
    assert early.done()
    assert late.done()
    assert await read(ends, 10) == b"early late"


async def test_bytes_are_delivered() -> None:
    ends = await pair()
    await ends.task
    ends.peer.write(b"hello")
    await until(lambda: ends.came == b"hello")
    ends.taken.close()
    assert await asyncio.wait_for(ends.reader.read(), PATIENCE_S) == b""


async def test_a_write_completes_once_the_kernel_has_it() -> None:
    ends = await pair()
    await ends.task
    first, second = ends.taken.write(LARGE), ends.taken.write(b"end")
    assert not first.done()
    assert not second.done()
    assert await read(ends, len(LARGE) + 3) == LARGE + b"end"
    await asyncio.wait_for(second, PATIENCE_S)
    assert ends.taken.write(b"and on").done()


async def test_a_large_write_before_the_takeover() -> None:
    ends = await pair()
    early = ends.taken.write(LARGE)
    await ends.task
    assert not early.done()
    assert await read(ends, len(LARGE)) == LARGE
    await asyncio.wait_for(early, PATIENCE_S)


@pytest.mark.parametrize("early", [True, False])
async def test_closing_is_immediate(early: bool) -> None:
    ends = await pair()
    if not early:
        await ends.task
    written = ends.taken.write(LARGE)
    ends.taken.close()
    assert ends.taken.closed()
    with pytest.raises(StreamClosedError):
        ends.taken.write(b"more")
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert written.cancelled()
    ends.taken.close()  # has no effect


async def test_a_peer_that_disconnects() -> None:
    ends = await pair()
    await ends.task
    written = ends.taken.write(LARGE)
    ends.peer.transport.abort()
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert written.cancelled()
    assert ends.taken.closed()


async def test_pause_and_resume() -> None:
    ends = await pair()
    await ends.task
    ends.taken.pause()
    ends.peer.write(b"a")
    await turn()
    assert ends.came == b""
    ends.taken.resume()
    await until(lambda: ends.came == b"a")
