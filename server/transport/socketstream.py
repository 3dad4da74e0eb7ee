"""A connected socket, read without an extra turn of the event loop.

Tornado's stream completes each read through a future, so a frame crosses the loop's
queue before anyone sees it, and a second read finds nothing. With camera frames that was
the gateway's largest cost. Here asyncio's transport reads into one buffer that all
sockets share, or into that of a large message, and the receiver gets the bytes in the same
turn.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

from server.transport.tlssocket import TlsSocket

OnBytes = Callable[[memoryview], memoryview | None]

# One read. Shared by all sockets, because the bytes are used before the next read;
# so all streams must live on the same loop.
_BUFFER = memoryview(bytearray(256 * 1024))


class SocketStream(asyncio.BufferedProtocol):
    """Reads by calling ``on_bytes``; writes and closes as Tornado's WebSocket expects.

    ``on_bytes`` returns where to read the next bytes; None: anywhere.
    """

    _transport: asyncio.Transport | None = None
    _room: memoryview | None = None

    def __init__(self, io_loop: IOLoop, on_bytes: OnBytes) -> None:
        loop = asyncio.get_running_loop()
        self.io_loop = io_loop
        self.lost: asyncio.Future[None] = loop.create_future()
        self._on_bytes = on_bytes
        self._flushed: asyncio.Future[None] = loop.create_future()
        self._early = bytearray()  # written before the transport exists
        self._aborted = False

    async def take_over(self, stream: IOStream) -> None:
        """Take the socket of ``stream``, whose read and write buffers must be empty."""
        connected = stream.socket
        # As in Tornado's own start_tls.
        stream.io_loop.remove_handler(connected)
        stream.socket = None  # type: ignore[assignment]
        if isinstance(connected, ssl.SSLSocket):
            connected = cast(socket.socket, TlsSocket(connected))
        await asyncio.get_running_loop().connect_accepted_socket(lambda: self, connected)

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Send ``data``; the future is done once the kernel has all of it.

        Raises StreamClosedError.
        """
        if self.closed():
            raise StreamClosedError
        if self._transport is None:
            self._early += data
        else:
            self._transport.write(data)
        return self._flushed

    def closed(self) -> bool:
        """Return whether the stream is closed or closing."""
        return self._aborted or (self._transport is not None and self._transport.is_closing())

    def close(self) -> None:
        """Close at once, discarding unsent bytes: the peer may not be reading."""
        self._aborted = True
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Stop reading until :meth:`resume`."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        assert self._transport is not None
        self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)
        self._transport = transport
        # asyncio then calls pause_writing when bytes remain, and resume_writing when none do.
        transport.set_write_buffer_limits(high=0)
        transport.write(self._early)
        if self._aborted:
            transport.abort()
        elif not transport.get_write_buffer_size():
            self._flushed.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room or _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._room = self._on_bytes((self._room or _BUFFER)[:nbytes])

    def pause_writing(self) -> None:
        if self._flushed.done():
            self._flushed = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        self._flushed.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        # Breaks a reference cycle with the receiver, which would keep a partial frame in
        # memory until the garbage collector runs.
        self._on_bytes, self._room = _discard, None
        self._flushed.cancel()
        if not self.lost.done():
            self.lost.set_result(None)


def _discard(received: memoryview) -> None:
    """Ignore bytes after the connection is lost."""
