"""A connected TLS socket, read without an extra turn of the event loop.

TLS cuts a picture into records of 16 KB. Tornado's stream completes a read after each of them,
and each read crosses the loop's queue. Here OpenSSL decrypts all that has arrived into the buffer
that all sockets share, and the receiver gets it at once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

from server.transport.socketstream import BUFFER, discard


class TLSStream:
    """Like :class:`~server.transport.socketstream.SocketStream`, with TLS.

    The handshake is over. Renegotiation (TLS 1.2) and new keys (TLS 1.3) may make a read wait
    until the socket can be written, or a write until it can be read.
    """

    def __init__(self, io_loop: IOLoop, on_bytes: Callable[[memoryview], None]) -> None:
        self.io_loop = io_loop
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._on_bytes = on_bytes
        self._flushed: asyncio.Future[None] = self._loop.create_future()
        self._unsent = bytearray()
        self._socket: ssl.SSLSocket | None = None
        self._paused = False
        self._closed = False

    async def take_over(self, stream: IOStream) -> None:
        """Take the socket of ``stream``, whose read and write buffers must be empty."""
        taken = cast(ssl.SSLSocket, stream.socket)
        stream.io_loop.remove_handler(taken)
        stream.socket = None  # type: ignore[assignment]
        if self._closed:
            taken.close()
            return
        self._socket = taken
        if taken.family in (socket.AF_INET, socket.AF_INET6):
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._flush()
        self.resume()

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Send ``data``; the future is done once the kernel has all of it.

        Raises StreamClosedError.
        """
        if self._closed:
            raise StreamClosedError
        is_first = not self._unsent
        self._unsent += data
        if is_first and self._socket is not None:
            self._flush()
        return self._flushed

    def closed(self) -> bool:
        """Return whether the stream is closed."""
        return self._closed

    def close(self) -> None:
        """Close at once, discarding unsent bytes: the peer may not be reading."""
        if self._closed:
            return
        self._closed = True
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        self._loop.call_soon(self._connection_lost)

    def pause(self) -> None:
        """Stop reading until :meth:`resume`."""
        self._paused = True
        if self._socket is not None and not self._closed:
            self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Read again."""
        if self._socket is not None and not self._closed:
            self._paused = False
            self._loop.add_reader(self._socket, self._read)
            self._loop.call_soon(self._read)  # what OpenSSL already has, epoll does not report

    def _read(self) -> None:
        """Pass on what has arrived, up to a full buffer."""
        if self._closed or self._paused:
            return
        assert self._socket is not None
        received, ended = 0, False
        try:
            while received < len(BUFFER) and not ended:
                count = self._socket.recv_into(BUFFER[received:], len(BUFFER) - received)
                received += count
                ended = not count
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._socket, self._on_writable)
        except OSError:
            ended = True
        if received:
            self._on_bytes(BUFFER[:received])
        if ended:
            self.close()
        elif received == len(BUFFER):  # and OpenSSL may have more
            self._loop.call_soon(self._read)
        if self._unsent and not self._closed:
            self._flush()  # its write may have waited for what was just read

    def _flush(self) -> None:
        """Send what is unsent, as far as the kernel takes it."""
        assert self._socket is not None
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._socket, self._on_writable)
        except OSError:
            self.close()
            return
        if self._unsent and self._flushed.done():
            self._flushed = self._loop.create_future()
        elif not self._unsent and not self._flushed.done():
            self._flushed.set_result(None)

    def _on_writable(self) -> None:
        assert self._socket is not None
        self._loop.remove_writer(self._socket)
        self._flush()
        self._read()

    def _connection_lost(self) -> None:
        # As in SocketStream: a partial frame must not stay until the garbage collector runs.
        self._on_bytes = discard
        self._flushed.cancel()
        if not self.lost.done():
            self.lost.set_result(None)
