"""What a client that begins with TLS gets from a gateway that has none.

Its first message has no line break, so an HTTP server would wait for the rest of a request until
the connection has been idle for too long, and the client for as long.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from tornado.iostream import IOStream

# A record of the handshake, of any version since SSL 3.
_TLS = b"\x16\x03"
# Clients of TLS take it for nonsense, and say so at once: "wrong version number".
_ANSWER = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def refuse_tls(stream: IOStream, on_tls: Callable[[], None]) -> None:
    """End ``stream``, which nothing has been read from, if its first bytes are TLS's.

    ``on_tls`` is called then.
    """
    read = stream.read_from_fd

    def first(buf: bytearray | memoryview) -> int | None:
        size = read(buf)
        if size is None:
            return None
        del stream.read_from_fd  # the stream's own again
        if bytes(buf[: min(size, len(_TLS))]) != _TLS:
            return size
        on_tls()
        stream.socket.send(_ANSWER)
        raise ConnectionResetError(errno.ECONNRESET, "TLS to a gateway without")

    stream.read_from_fd = first  # type: ignore[method-assign]
