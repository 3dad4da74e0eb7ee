"""The gateway's side of a WebSocket, with fewer steps per message than Tornado takes.

Tornado does the handshakes and the pings. In between, a message goes from the socket to
the handler in one step of the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from tornado import websocket
from tornado.iostream import IOStream, StreamClosedError

from server.core.flood import FRAGMENT_COST, FloodGuard
from server.transport.reader import BINARY, CLOSE, CONTINUATION, PING, TEXT, MessageReader
from server.transport.rfc6455 import (
    FailConnection,
    check_close,
    header,
    invalid_utf8,
    policy_violation,
)
from server.transport.socketstream import SocketStream
from server.transport.tornado_private import TornadoWebSocket

_CHUNK_BYTES = 64 * 1024
# Messages and fragments handled for one client before others get a turn.
_MESSAGES_PER_TURN = 8
# How long a client has to read why the connection failed.
_LINGER_S = 1.0
_NOTHING = memoryview(b"")


class WebSocketProtocol(TornadoWebSocket):
    """One client's connection.

    ``flood`` bounds its messages, and ``on_flood`` is called with the reason if it
    exceeds a bound. ``first_max_bytes`` bounds the size of messages until ``welcome``; 0:
    no smaller than later ones.
    """

    flood: FloodGuard
    first_max_bytes = 0
    on_flood: Callable[[str], None] = staticmethod(lambda reason: None)
    _reader: MessageReader
    _socket: SocketStream
    _failed = False
    _flooded = False

    @classmethod
    def replacing(
        cls, negotiated: websocket.WebSocketProtocol | None
    ) -> websocket.WebSocketProtocol | None:
        """Return this protocol with the parameters that Tornado negotiated; None if it did not."""
        if isinstance(negotiated, websocket.WebSocketProtocol13):
            return cls(negotiated.handler, negotiated.mask_outgoing, negotiated.params)
        return negotiated

    def send(self, payload: bytes | str) -> asyncio.Future[None] | None:
        """Send one message.

        Returns None if the connection is closing, otherwise a future that is done once the
        kernel has the whole message.
        """
        if self.client_terminated or self.server_terminated:
            return None
        opcode = BINARY
        if isinstance(payload, str):
            opcode, payload = TEXT, payload.encode()
        try:
            return self.stream.write(header(opcode, len(payload)) + payload)
        except StreamClosedError:
            return None

    async def receive_messages(self) -> None:
        """Receive from the end of the handshake to the end of the connection."""
        self._reader = MessageReader(self.first_max_bytes or self.params.max_message_size)
        self.flood = FloodGuard()
        try:
            await self._read_stream()
            if not self.stream.closed():
                await self._read_socket()
        except StreamClosedError:
            self.abort()
        finally:
            self.handler.on_ws_connection_close(self.close_code, self.close_reason)

    async def _read_stream(self) -> None:
        """Read what Tornado has buffered already, and at least the first bytes."""
        while not self.client_terminated:
            received = await self.stream.read_bytes(_CHUNK_BYTES, partial=True)
            more = self._handle(memoryview(received))
            if not more and len(received) < _CHUNK_BYTES and not self._flooded:
                break  # in this turn: in any other, Tornado may have read on
            while more:
                await asyncio.sleep(0)
                more = self._handle()
            # A read that finds bytes at once lets no other task run.
            await asyncio.sleep(_LINGER_S if self._flooded else 0)

    async def _read_socket(self) -> None:
        """Read the rest of the connection."""
        await self.stream.write(b"")  # done when all earlier writes are
        self._socket = SocketStream(self.stream, self._on_bytes)
        self.stream = cast(IOStream, self._socket)  # it has all that is used from here on
        await self._socket.lost

    def _on_bytes(self, received: memoryview) -> memoryview | None:
        if self._handle(received):
            self._socket.pause()
            asyncio.get_running_loop().call_soon(self._resume)
        elif self._flooded:
            self._socket.pause()  # discarding a flood would cost, too
        return self._reader.room

    def _resume(self) -> None:
        if self._handle():
            asyncio.get_running_loop().call_soon(self._resume)
        elif not self._flooded:
            self._socket.resume()

    def _handle(self, received: memoryview = _NOTHING) -> bool:
        """Handle the complete messages of one turn. Returns whether there may be more."""
        if self._failed:
            return False
        try:
            self._reader.feed(received)
            for _ in range(_MESSAGES_PER_TURN):
                ended = self.client_terminated or self._failed
                message = None if ended else self._reader.take()
                if message is None:
                    return False
                opcode, payload = message
                self.flood.credit -= FRAGMENT_COST if opcode == CONTINUATION else 1
                if self.flood.credit < 0:
                    self._check_rate(self.flood.received(time.monotonic()))
                if opcode == BINARY:
                    self.run_callback(self.handler.on_message, payload)
                elif opcode != CONTINUATION:
                    self._dispatch(opcode, payload)
        except FailConnection as failure:
            self._fail(failure)
            return False
        finally:
            self._reader.keep()
        return True

    def _dispatch(self, opcode: int, payload: bytes | memoryview) -> None:
        """Handle a message that is not binary."""
        if opcode == TEXT:
            self.run_callback(self.handler.on_message, _decode(payload))
            return
        if opcode == CLOSE:
            check_close(bytes(payload))
        elif opcode == PING:
            self._check_rate(self.flood.decoded("ping", time.monotonic()))
        self.handle_control(opcode, bytes(payload))

    @property
    def receiving_since(self) -> float | None:
        """When the message being handled began; None: its bytes came all at once."""
        return self._reader.began

    def welcome(self) -> None:
        """Take messages of full size from now on."""
        self._reader.max_bytes = self.params.max_message_size

    def _check_rate(self, exceeded: str | None) -> None:
        """Fail if a bound is exceeded, for this reason. Raises FailConnection."""
        if exceeded is not None:
            self._flooded = True
            self.on_flood(exceeded)
            raise policy_violation(exceeded)

    def check_kind(self, kind: str) -> bool:
        """Count a decoded message that is not a frame. False: it was one too many."""
        try:
            self._check_rate(self.flood.decoded(kind, time.monotonic()))
        except FailConnection as failure:
            self._fail(failure)
            return False
        return True

    def _fail(self, failure: FailConnection) -> None:
        """Send the reason, and close after a moment in which the client can read it.

        What it still sends is discarded: closing with unread bytes would reset the connection,
        and the reason could be lost. But what follows a flood is left unread.
        """
        self._failed = True
        self.close(failure.code, failure.reason)
        asyncio.get_running_loop().call_later(_LINGER_S, self.abort)


def _decode(payload: bytes | memoryview) -> str:
    try:
        return str(payload, "utf-8")
    except UnicodeDecodeError:
        raise invalid_utf8() from None
