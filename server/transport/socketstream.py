"""A connected socket, read without a step in between.

Tornado's stream answers each read with a future, so a frame crosses the loop's queue
before anybody looks at it, and a second read finds nothing. With a camera's frames
that was the gateway's largest cost. Here the loop's own transport reads into one buffer
for all sockets, and whoever wants the bytes sees them in the same step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

# One read's worth. Shared, because what came is looked at before the next read;
# so all streams must live on one loop.
_BUFFER = memoryview(bytearray(256 * 1024))


class SocketStream(asyncio.BufferedProtocol):
    """Reads by calling ``received``; writes and closes as Tornado's WebSocket expects it."""

    _transport: asyncio.Transport | None = None

    def __init__(self, io_loop: IOLoop, received: Callable[[memoryview], None]) -> None:
        loop = asyncio.get_running_loop()
        self.io_loop = io_loop
        self.lost: asyncio.Future[None] = loop.create_future()
        self._received = received
        self._flushed: asyncio.Future[None] = loop.create_future()
        self._early = bytearray()  # written before there is a transport
        self._closed = False

    async def take_over(self, stream: IOStream) -> None:
        """Take the socket of ``stream``, which must have nothing left to write or to give out."""
        socket = stream.socket
        # As Tornado's own start_tls does it.
        stream.io_loop.remove_handler(socket)
        stream.socket = None  # type: ignore[assignment]
        await asyncio.get_running_loop().connect_accepted_socket(lambda: self, socket)

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Send ``data``; done once the kernel has it all. Raises StreamClosedError."""
        if self.closed():
            raise StreamClosedError
        if self._transport is None:
            self._early += data
        else:
            self._transport.write(data)
        return self._flushed

    def closed(self) -> bool:
        """Whether it is, or is about to be."""
        return self._closed or (self._transport is not None and self._transport.is_closing())

    def close(self) -> None:
        """Close at once; what was not sent yet is lost, as with a peer that does not read."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read no more until :meth:`resume`."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        assert self._transport is not None
        self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)
        self._transport = transport
        # So pause_writing tells that something is left, and resume_writing that nothing is.
        transport.set_write_buffer_limits(high=0)
        transport.write(self._early)
        if self._closed:
            transport.abort()
        elif not transport.get_write_buffer_size():
            self._flushed.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._received(_BUFFER[:nbytes])

    def pause_writing(self) -> None:
        if self._flushed.done():
            self._flushed = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        self._flushed.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        # Else this and whoever listens would hold each other, and a frame that came in part,
        # until the garbage collector looks.
        self._received = _nobody
        self._flushed.cancel()
        if not self.lost.done():
            self.lost.set_result(None)


def _nobody(came: memoryview) -> None:
    """Who listens when all is over."""
