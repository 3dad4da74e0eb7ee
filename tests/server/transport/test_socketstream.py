"""A socket that Tornado accepted, read without it, with and without TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

from server.transport.socketstream import BUFFER, SocketStream
from server.transport.tlsstream import TLSStream
from tests.server.access import authority
from tests.server.gateway_process import trust
from tests.server.waiting import turn, until

PATIENCE_S = 5.0
LARGE = bytes(range(256)) * 2**15  # more than two sockets hold


@dataclass
class Pair:
    """Both ends: ``task`` takes over the socket of ``taken``; ``peer`` is the other end."""

    taken: SocketStream | TLSStream
    task: asyncio.Task[None]
    reader: asyncio.StreamReader
    peer: asyncio.StreamWriter
    came: bytearray = field(default_factory=bytearray)


MakePair = Callable[[], Awaitable[Pair]]


async def plain_pair() -> Pair:
    ours, theirs = socket.socketpair()
    reader, peer = await asyncio.open_connection(sock=theirs)
    came = bytearray()
    taken = SocketStream(IOLoop.current(), came.extend)
    task = asyncio.ensure_future(taken.take_over(IOStream(ours)))
    return Pair(taken, task, reader, peer, came)


async def tls_pair(server: ssl.SSLContext, client: ssl.SSLContext) -> Pair:
    """The handshake is over, as it is when a WebSocket opens."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    wrapped = server.wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
    stream = SSLIOStream(wrapped)
    connecting = asyncio.open_connection(sock=theirs, ssl=client, server_hostname="127.0.0.1")
    (reader, peer), _ = await asyncio.gather(connecting, stream.wait_for_handshake())
    came = bytearray()
    taken = TLSStream(IOLoop.current(), came.extend)
    task = asyncio.ensure_future(taken.take_over(stream))
    return Pair(taken, task, reader, peer, came)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    root = authority.certify("root")
    files = authority.write(tmp_path_factory.mktemp("tls"), authority.certify("leaf", root), root)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    return server, trust(root)


@pytest.fixture(params=["plain", "TLS"])
def pair(
    request: pytest.FixtureRequest, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> MakePair:
    return plain_pair if request.param == "plain" else lambda: tls_pair(*contexts)


async def read(ends: Pair, size: int) -> bytes:
    return await asyncio.wait_for(ends.reader.readexactly(size), PATIENCE_S)


async def test_writes_during_the_takeover_come_first(pair: MakePair) -> None:
    ends = await pair()
    early = ends.taken.write(b"early ")
    assert not early.done()
    await ends.task
    late = ends.taken.write(b"late")
    assert early.done()
    assert late.done()
    assert await read(ends, 10) == b"early late"


async def test_bytes_are_delivered(pair: MakePair) -> None:
    ends = await pair()
    await ends.task
    ends.peer.write(b"hello")
    await until(lambda: ends.came == b"hello")
    ends.taken.close()
    assert await asyncio.wait_for(ends.reader.read(), PATIENCE_S) == b""


async def test_a_write_completes_once_the_kernel_has_it(pair: MakePair) -> None:
    ends = await pair()
    await ends.task
    first, second = ends.taken.write(LARGE), ends.taken.write(b"end")
    assert not first.done()
    assert not second.done()
    assert await read(ends, len(LARGE) + 3) == LARGE + b"end"
    await asyncio.wait_for(second, PATIENCE_S)
    assert ends.taken.write(b"and on").done()


async def test_a_large_write_before_the_takeover(pair: MakePair) -> None:
    ends = await pair()
    early = ends.taken.write(LARGE)
    await ends.task
    assert not early.done()
    assert await read(ends, len(LARGE)) == LARGE
    await asyncio.wait_for(early, PATIENCE_S)


@pytest.mark.parametrize("early", [True, False])
async def test_closing_is_immediate(pair: MakePair, early: bool) -> None:
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


async def test_a_peer_that_disconnects(pair: MakePair) -> None:
    ends = await pair()
    await ends.task
    written = ends.taken.write(LARGE)
    ends.peer.transport.abort()
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert written.cancelled()
    assert ends.taken.closed()


async def test_pause_and_resume(pair: MakePair) -> None:
    ends = await pair()
    await ends.task
    ends.taken.pause()
    ends.peer.write(b"a")
    await turn()
    assert ends.came == b""
    ends.taken.resume()
    await until(lambda: ends.came == b"a")


async def test_more_than_one_read_takes(pair: MakePair) -> None:
    """OpenSSL holds decrypted bytes that the kernel does not report any more."""
    ends = await pair()
    await ends.task
    sent = bytes(range(256)) * (2 * len(BUFFER) // 256) + b"end"
    ends.peer.write(sent)
    await until(lambda: ends.came == sent)


async def test_bytes_before_the_end_are_delivered(pair: MakePair) -> None:
    ends = await pair()
    await ends.task
    ends.taken.pause()
    ends.peer.write(b"the last words")
    ends.peer.close()
    await turn()
    ends.taken.resume()
    await asyncio.wait_for(ends.taken.lost, PATIENCE_S)
    assert ends.came == b"the last words"
