"""The only module that uses Tornado's private names.

A minor release may change any of them, so setup.cfg ends Tornado's range at the last
minor version that was tried, and ``tests/server/transport/test_tornado_private.py``
says which name has changed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tornado import http1connection
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPInputError
from tornado.util import _websocket_mask
from tornado.websocket import WebSocketProtocol13

# unmask(mask, payload): XOR ``payload``, bytes or an array of them, with the 4 bytes of ``mask``,
# repeated. Written in C.
unmask: Callable[[bytes, Any], bytes] = _websocket_mask

_parse_size = http1connection.parse_hex_int
_parse_head = HTTP1Connection._parse_headers

# Browsers behind proxies send about forty. Each takes two microseconds to parse, however short.
MAX_HEADER_LINES = 128
MAX_QUERY_FIELDS = 64
# Of a body. A chunk takes seven microseconds to read, however small it is.
FREE_CHUNKS, LEAST_MEAN_BYTES = 256, 64


@dataclass(slots=True)
class _Body:
    """The chunks of one body so far."""

    chunks: int = 0
    size: int = 0


# Each connection is read by a task of its own.
_body: ContextVar[_Body | None] = ContextVar("body", default=None)


def accept_chunk_extensions() -> None:
    """Let request bodies have chunk extensions, which a server must ignore (RFC 9112, 7.1.1).

    Tornado parses a chunk's size with a function of its module, and rejects extensions.
    """
    http1connection.parse_hex_int = _chunk_size


def _chunk_size(s: str) -> int:
    """Return the size in a chunk's first line. Raises ValueError, also for too many small ones."""
    size, semicolon, extension = s.partition(";")
    # A bare CR or LF ends the line for some proxies: that is how requests are smuggled.
    if "\r" in extension or "\n" in extension:
        raise ValueError("line break in a chunk extension")
    count = _parse_size(size.rstrip(" \t") if semicolon else size)
    body = _body.get()
    if body is not None:
        body.chunks += 1
        body.size += count
        if body.chunks > FREE_CHUNKS + body.size // LEAST_MEAN_BYTES:
            raise ValueError("too many small chunks")
    return count


def bound_heads() -> None:
    """Reject a request whose head has too many parts, before they are parsed.

    Tornado bounds the bytes of a head. In as many bytes, four thousand empty headers or a thousand
    fields of a query take fifty times as long as a usual request.
    """
    HTTP1Connection._parse_headers = _bounded_head  # type: ignore[method-assign]


def _bounded_head(self: HTTP1Connection, data: bytes) -> tuple[str, HTTPHeaders]:
    """Parse a head like Tornado. Raises HTTPInputError."""
    _body.set(_Body())
    if data.count(b"\n") > MAX_HEADER_LINES:
        raise HTTPInputError(f"more than {MAX_HEADER_LINES} header lines")
    if data.partition(b"\n")[0].count(b"&") >= MAX_QUERY_FIELDS:
        raise HTTPInputError(f"more than {MAX_QUERY_FIELDS} fields in the query")
    return _parse_head(self, data)


class TornadoWebSocket(WebSocketProtocol13):
    """Tornado's side of a WebSocket: handshake, pings and the closing handshake.

    A subclass receives the messages. The private methods are aliased instead of wrapped,
    which would add a call to every message.
    """

    run_callback = WebSocketProtocol13._run_callback
    """Call a method of the handler; log an exception and end the connection."""

    handle_control = WebSocketProtocol13._handle_message
    """Answer a ping or a close frame, or note a pong."""

    abort = WebSocketProtocol13._abort
    """Close the socket at once."""

    async def periodic_ping(self) -> None:
        """Send a ping in each interval, and end the connection if one is not answered.

        The first one after a random part of the second half of the interval: sessions that
        reconnected together, as after a restart, are not pinged together ever after.
        """
        interval_s = self.ping_interval
        await asyncio.sleep(random.uniform(0.5, 1.0) * interval_s)
        while True:
            self._received_pong = False
            self.write_ping(b"")
            await asyncio.sleep(interval_s)
            if not self._received_pong:
                self.close(reason="ping timed out")
                return

    async def receive_messages(self) -> None:
        """Receive until the connection ends."""
        raise NotImplementedError

    async def _receive_frame_loop(self) -> None:
        await self.receive_messages()
