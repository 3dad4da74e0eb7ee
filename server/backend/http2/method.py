"""One method of a gRPC service, called on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from server.backend.http2.answer import message
from server.backend.http2.connection import Connection, connected_socket
from server.backend.http2.frames import ProtocolError
from server.backend.http2.headers import NO_TABLE, encode

log = logging.getLogger(__name__)

Metadata = tuple[tuple[str, str], ...]
Fallback = Callable[[bytes, float, Metadata], Awaitable[tuple[Any, Mapping[str, str]]]]

RETRY_S = 1.0
"""How far attempts to connect are apart."""
CONNECT_S = 2.0


class DirectMethod:
    """The method ``name`` of the model server at ``address``, for requests that are serialized.

    While there is no connection, and for calls that it does not take, ``fallback`` makes the
    call, for example through grpc.aio. The first call begins to connect. A peer that was
    misunderstood is left to ``fallback`` until :meth:`reconsider` or :meth:`disconnect`.
    """

    def __init__(
        self, address: str, name: str, deserialize: Callable[[bytes], Any], fallback: Fallback
    ) -> None:
        self._address = address
        self._deserialize = deserialize
        self._fallback = fallback
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tried_at = -math.inf
        self._headers = _headers(name, "localhost" if address.startswith("unix:") else address)

    async def __call__(
        self, request: Sequence[bytes], timeout_s: float, metadata: Metadata
    ) -> tuple[Any, Mapping[str, str]]:
        """Call it with the pieces of a request. Return the response and the trailing metadata.

        Raises AioRpcError.
        """
        connection, deadline = self._connection, time.monotonic() + timeout_s
        stream = None
        if connection is not None:
            headers = self._headers + _timeout(int(timeout_s * 1000) + 1)
            if metadata:
                headers += encode(metadata)
            stream = connection.begin(headers, request, deadline)
        if connection is None or stream is None:
            self._connect()
            return await self._fallback(b"".join(request), timeout_s, metadata)
        try:
            await stream.waiter
        except asyncio.CancelledError:
            connection.cancel(stream)
            raise
        if not stream.unprocessed:  # the usual case
            try:
                body, trailers = message(stream)
                return self._deserialize(body), trailers
            except ProtocolError as error:
                connection.give_up(error)
        left_s = deadline - time.monotonic()
        return await self._fallback(b"".join(request), left_s, metadata)

    def disconnect(self) -> None:
        """Close the connection; its calls fail. A later call connects again."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def reconsider(self) -> None:
        """Try a peer that was misunderstood again: another one may have taken its place."""
        if self._connection is not None and self._connection.misunderstood:
            self._connection = None

    def _connect(self) -> None:
        """Begin to connect, unless that is under way or was tried a moment ago."""
        connection, now = self._connection, time.monotonic()
        if connection is not None and (connection.misunderstood or not connection.closed):
            return
        if self._connecting is None and now - self._tried_at >= RETRY_S:
            self._tried_at = now
            self._connecting = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        task = asyncio.current_task()
        try:
            connecting = connected_socket(self._address, CONNECT_S)
            connected = await asyncio.wait_for(connecting, CONNECT_S)
            if self._connecting is task:
                self._connection = Connection(connected, self._address)
            else:  # before Python 3.12, wait_for may lose the cancellation
                connected.close()
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            log.debug("no connection of its own to %s: %s", self._address, error)
        finally:
            if self._connecting is task:
                self._connecting = None


@lru_cache(maxsize=1024)  # a lone camera's calls have one or two of them
def _timeout(timeout_ms: int) -> bytes:
    """Return the header that says how long a call may take."""
    return encode((("grpc-timeout", f"{timeout_ms}m"),))


def _headers(name: str, authority: str) -> bytes:
    """Return what is the same in all calls, as a header block."""
    return NO_TABLE + encode(
        (
            (":method", "POST"),
            (":scheme", "http"),
            (":path", name),
            (":authority", authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "framewire"),
        )
    )
