"""A connected socket, read and written without an extra turn of the event loop.

Tornado's stream completes each read through a future, so a frame crosses the loop's
queue before anyone sees it, and a second read finds nothing. With camera frames that was
the gateway's largest cost. Here the loop calls the stream as soon as the socket is
readable. All sockets are read into one buffer, or into that of a large message, and the
receiver gets the bytes in the same turn.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from tornado.iostream import IOStream, StreamClosedError

from server.transport.tlssocket import TlsSocket

OnBytes = Callable[[memoryview], memoryview | None]

# One read. Shared by all sockets, because the bytes are used before the next read;
# so all streams must live on the same loop.
_BUFFER = memoryview(bytearray(256 * 1024))


class SocketStream:
    """The socket of ``stream``, whose read and write buffers must be empty, from now on.

    Reads by calling ``on_bytes``, which returns where to read the next bytes (None: anywhere);
    writes and closes as Tornado's WebSocket expects. ``lost`` is done once the socket is closed.
    """

    def __init__(self, stream: IOStream, on_bytes: OnBytes) -> None:
        self.io_loop = stream.io_loop
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._on_bytes = on_bytes
        self._room = _BUFFER
        self._unsent = bytearray()
        self._flushed: asyncio.Future[None] = self._loop.create_future()
        self._flushed.set_result(None)
        self._reading = self._closing = self._ending = False
        self._socket = _detached(stream)
        self.resume()

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Send ``data``; the future is done once the kernel has all of it.

        Raises StreamClosedError.
        """
        if self._closing:
            raise StreamClosedError
        if self._unsent:
            self._unsent += data
            return self._flushed
        sent = self._send(data)
        if sent < len(data) and not self._closing:
            self._unsent += data[sent:]
            self._flushed = self._loop.create_future()
            self._loop.add_writer(self._socket, self._on_writable)
        return self._flushed

    def closed(self) -> bool:
        """Return whether the stream is closed or closing."""
        return self._closing

    def close(self) -> None:
        """Close at once, discarding unsent bytes: the peer may not be reading."""
        if self._ending:
            return
        self._stop_reading()
        self._closing = self._ending = True
        self._loop.remove_writer(self._socket)
        self._loop.call_soon(self._end)  # not while the receiver handles bytes

    def pause(self) -> None:
        """Stop reading until :meth:`resume`."""
        self._stop_reading()

    def resume(self) -> None:
        """Read again."""
        if not (self._reading or self._closing):
            self._reading = True
            self._loop.add_reader(self._socket, self._on_readable)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def _on_readable(self) -> None:
        room = self._room
        try:
            size = self._socket.recv_into(room)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if not size:
            self._on_eof()
            return
        try:
            self._room = self._on_bytes(room[:size]) or _BUFFER
        except Exception:
            self.close()
            raise

    def _on_eof(self) -> None:
        """Send what is left: the peer may still read."""
        self._stop_reading()
        self._closing = True
        if not self._unsent:
            self.close()

    def _on_writable(self) -> None:
        del self._unsent[: self._send(self._unsent)]
        if self._unsent or self._ending:
            return
        self._loop.remove_writer(self._socket)
        self._flushed.set_result(None)
        if self._closing:
            self.close()

    def _send(self, data: bytes | bytearray) -> int:
        """Send what the kernel takes, and return its size; close if the connection is lost."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.close()
            return 0

    def _end(self) -> None:
        self._socket.close()
        # Breaks a reference cycle with the receiver, which would keep a partial frame in
        # memory until the garbage collector runs.
        self._on_bytes, self._room = _discard, _BUFFER
        self._flushed.cancel()
        if not self.lost.done():
            self.lost.set_result(None)


def _detached(stream: IOStream) -> socket.socket | TlsSocket:
    """Return the socket of ``stream``, which lets go of it as in Tornado's own start_tls."""
    connected = stream.socket
    stream.io_loop.remove_handler(connected)
    stream.socket = None  # type: ignore[assignment]
    return TlsSocket(connected) if isinstance(connected, ssl.SSLSocket) else connected


def _discard(received: memoryview) -> None:
    """Ignore bytes after the connection is lost."""
