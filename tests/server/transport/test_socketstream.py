"""A connection that Tornado accepted, plain and with TLS, read and written by the loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

from server.access.tls import server_context
from server.transport.socketstream import SocketStream
from tests.server.access.authority import certify, write
from tests.server.gateway_process import trust
from tests.server.waiting import turn, until

PATIENCE_S = 20.0
LARGE = bytes(range(256)) * 2**15  # more than two sockets hold
PICTURE = 40_000


@dataclass
class Pair:
    """Both ends: ``taken`` has the socket of Tornado's stream; ``peer`` is the other end."""

    taken: SocketStream
    reader: asyncio.StreamReader
    peer: asyncio.StreamWriter
    came: list[bytes]
    rooms: list[memoryview]  # for the bytes after the next ones

    def has(self, count: int) -> bool:
        return len(self.came) == count


Ends = tuple[IOStream, asyncio.StreamReader, asyncio.StreamWriter]
MakePair = Callable[[], Awaitable[Pair]]


async def _plain() -> Ends:
    ours, theirs = socket.socketpair()
    return IOStream(ours), *await asyncio.open_connection(sock=theirs)


async def _secure(server: ssl.SSLContext, client: ssl.SSLContext) -> Ends:
    ours, theirs = socket.socketpair()
    wrapped = server.wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
    stream = SSLIOStream(wrapped, ssl_options=server)
    opened = asyncio.open_connection(sock=theirs, ssl=client, server_hostname="127.0.0.1")
    _, ends = await asyncio.gather(stream.wait_for_handshake(), opened)
    return stream, *ends


@pytest.fixture(params=["plain", "tls"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> MakePair:
    connect: Callable[[], Awaitable[Ends]] = _plain
    if request.param == "tls":
        root = certify("root")
        server = server_context(*write(tmp_path, certify("leaf", root), root))
        connect = partial(_secure, server, trust(root))

    async def make() -> Pair:
        stream, reader, peer = await connect()
        came: list[bytes] = []
        rooms: list[memoryview] = []

        def on_bytes(received: memoryview) -> memoryview | None:
            came.append(bytes(received))
            return rooms.pop() if rooms else None

        return Pair(SocketStream(stream, on_bytes), reader, peer, came, rooms)

    return make


async def read(ends: Pair, size: int) -> bytes:
    return await asyncio.wait_for(ends.reader.readexactly(size), PATIENCE_S)


async def test_bytes_are_delivered(pair: MakePair) -> None:
    ends = await pair()
    ends.peer.write(b"hello")
    await until(lambda: ends.came == [b"hello"])
    ends.taken.close()
    assert await asyncio.wait_for(ends.reader.read(), PATIENCE_S) == b""


async def test_a_write_completes_once_the_kernel_has_it(pair: MakePair) -> None:
    ends = await pair()
    first, second = ends.taken.write(LARGE), ends.taken.write(b"end")
    assert not first.done()
    assert not second.done()
    assert await read(ends, len(LARGE) + 3) == LARGE + b"end"
    await asyncio.wait_for(second, PATIENCE_S)
    assert ends.taken.write(b"and on").done()


async def test_closing_is_immediate(pair: MakePair) -> None:
    ends = await pair()
    written = ends.taken.write(LARGE)
    ends.taken.close()
    assert ends.taken.closed()
    with pytest.raises(StreamClosedError):
        ends.taken.write(b"more")
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert written.cancelled()
    ends.taken.close()  # has no effect


async def test_a_peer_that_disconnects(pair: MakePair) -> None:
    ends = await pair()
    written = ends.taken.write(LARGE)
    ends.peer.transport.abort()
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert written.cancelled()
    assert ends.taken.closed()


async def test_pause_and_resume(pair: MakePair) -> None:
    ends = await pair()
    ends.taken.pause()
    ends.peer.write(b"a")
    await turn()
    assert not ends.came
    ends.taken.resume()
    await until(lambda: ends.came == [b"a"])


async def test_a_picture_is_read_in_one_step(pair: MakePair) -> None:
    """With TLS, it comes in several records."""
    ends = await pair()
    ends.taken.pause()
    ends.peer.write(LARGE[:PICTURE])
    await until(lambda: not ends.peer.transport.get_write_buffer_size())
    ends.taken.resume()
    await until(lambda: bool(ends.came))
    assert ends.came == [LARGE[:PICTURE]]


async def test_many_records_are_read_in_several_steps(pair: MakePair) -> None:
    ends = await pair()
    ends.peer.write(LARGE[:-1])
    await until(lambda: sum(map(len, ends.came)) == len(LARGE) - 1)
    assert b"".join(ends.came) == LARGE[:-1]


async def test_the_next_bytes_are_read_where_the_receiver_wants_them(pair: MakePair) -> None:
    ends = await pair()
    room = bytearray(20_000)
    ends.rooms.append(memoryview(room))
    for count, word in enumerate((b"first", b"second", b"third"), 1):
        ends.peer.write(word)
        await until(partial(ends.has, count))
    assert ends.came == [b"first", b"second", b"third"]
    assert room[:6] == b"second"


async def test_a_peer_that_sends_no_more_still_gets_the_rest(pair: MakePair) -> None:
    ends = await pair()
    if not ends.peer.can_write_eof():
        pytest.skip("asyncio's TLS has no half-closed connections")
    written = ends.taken.write(LARGE)
    ends.peer.write_eof()
    await until(ends.taken.closed)
    assert await asyncio.wait_for(ends.reader.read(), PATIENCE_S) == LARGE
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert not written.cancelled()


async def test_a_receiver_that_fails_ends_the_connection(pair: MakePair) -> None:
    ends = await pair()

    def fail(received: memoryview) -> None:
        raise RuntimeError("the receiver failed")

    ends.taken._on_bytes = fail
    reported: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: reported.append(context["exception"]))
    ends.peer.write(b"a")
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert [str(error) for error in reported] == ["the receiver failed"]
