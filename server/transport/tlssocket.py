"""A TLS connection in the place of a socket.

Tornado's handshakes leave an ``ssl.SSLSocket``, whose errors are not those of a socket.
"""

from __future__ import annotations

import ssl
from typing import Any

LARGEST_RECORD = 16 * 1024


class TlsSocket:
    """An ``SSLSocket`` that raises BlockingIOError where a socket would.

    A picture arrives in several records, which are read in one step.
    """

    def __init__(self, socket: ssl.SSLSocket) -> None:
        self._socket = socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def recv_into(self, buffer: memoryview) -> int:
        """Read the records that have arrived, as far as they fit. 0: the peer has closed.

        A record is read only if all of it fits: OpenSSL would keep the rest, and the event loop
        would wait for bytes that have arrived already.
        """
        received = 0
        try:
            while len(buffer) - received >= LARGEST_RECORD:
                count = self._socket.recv_into(buffer[received:])
                if not count:
                    break
                received += count
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if not received:
                raise BlockingIOError from None
        return received

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send as much as the kernel takes, and return its size."""
        try:
            return self._socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
