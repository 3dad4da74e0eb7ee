"""One WebSocket connection to a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

import msgpack
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.iostream import StreamClosedError, UnsatisfiableReadError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    websocket_connect,
)

from framewire.client.address import Address
from framewire.client.errors import Refused
from framewire.client.waiting import within
from framewire.recording.tap import Tap

SUBPROTOCOL = "framewire.v1.msgpack"
CONNECT_TIMEOUT_S = 10.0
MAX_MESSAGE_BYTES = 64 << 20
CLOSE_TIMEOUT_S = 1.0
MAX_EXPLANATION = 500
_RETRY_LATER = {408, 425, 429}

log = logging.getLogger("framewire.client")


class Unreachable(Exception):
    """A connection could not be opened, or is gone.

    ``refusal``: trying again is pointless, and why. ``retry_after_s``: when the gateway wants the
    next attempt.
    """

    def __init__(
        self, reason: str, refusal: Refused | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.refusal = refusal
        self.retry_after_s = retry_after_s


class Connection:
    """An open connection; :meth:`open` makes one."""

    def __init__(self, socket: WebSocketClientConnection, tap: Tap | None = None) -> None:
        self._socket = socket
        self._tap = tap
        self._has_ended = False

    @classmethod
    async def open(cls, address: Address, tap: Tap | None = None) -> Connection:
        """Connect; ``tap`` sees all messages. Raises :class:`Unreachable`."""
        request = HTTPRequest(
            address.url,
            headers={}
            if address.authorization is None
            else {"Authorization": address.authorization},
            ssl_options=address.tls,
            connect_timeout=CONNECT_TIMEOUT_S,  # for TCP and TLS
            request_timeout=CONNECT_TIMEOUT_S,  # for the answer to the handshake
        )
        connecting = asyncio.ensure_future(
            websocket_connect(
                request, subprotocols=[SUBPROTOCOL], max_message_size=MAX_MESSAGE_BYTES
            )
        )
        try:
            return cls(await asyncio.shield(connecting), tap)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_late)
            raise
        except HTTPTimeoutError:
            raise Unreachable(f"no answer within {CONNECT_TIMEOUT_S:g} s") from None
        except HTTPStreamClosedError:
            raise Unreachable("the server closed the connection during the handshake") from None
        except HTTPClientError as error:
            raise _rejected(error) from None
        except (WebSocketError, UnsatisfiableReadError):  # the latter: an endless header
            raise Unreachable("the server does not speak WebSocket at this URL") from None
        except (OSError, StreamClosedError, UnicodeError) as error:  # the last: no host's name
            raise Unreachable(str(error)) from None

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message, and wait until the socket has taken it. Raises :class:`Unreachable`."""
        if self._tap is not None:
            self._tap.sent(message)
        try:
            await self._socket.write_message(msgpack.packb(message), binary=True)
        except (WebSocketClosedError, StreamClosedError):
            raise Unreachable("the connection was closed") from None

    async def receive(self, timeout_s: float | None) -> Any:
        """Wait for a message. Raises :class:`Unreachable` if none arrives, or none is readable."""
        try:
            data = await within(self._socket.read_message(), timeout_s)
        except asyncio.TimeoutError:
            raise Unreachable("the gateway stopped responding") from None
        if data is None:
            self._has_ended = True
            raise Unreachable(_closed(self._socket))
        try:
            message = msgpack.unpackb(data)
            if self._tap is not None:
                self._tap.received(message)
        except (AttributeError, ValueError, TypeError) as error:
            raise Unreachable(f"unreadable message from the gateway: {error}") from None
        return message

    async def close(self) -> None:
        """Close, and wait a moment for the gateway: the socket must not outlive its loop."""
        self._socket.close(1000)
        if self._tap is not None:
            self._tap.lost()
        if not self._has_ended:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(self._end(), CLOSE_TIMEOUT_S)

    async def _end(self) -> None:
        while await self._socket.read_message() is not None:
            pass


def _close_late(connecting: asyncio.Future[WebSocketClientConnection]) -> None:
    """Close a connection that nobody waits for any more."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


def _closed(socket: WebSocketClientConnection) -> str:
    if socket.close_code is None:
        return "the connection was lost"
    reason = f": {socket.close_reason}" if socket.close_reason else ""
    return f"the gateway closed the connection ({socket.close_code}{reason})"


def _explanation(error: HTTPClientError) -> str:
    """Return what a gateway says in its answer. Pages of other servers say nothing here."""
    try:
        message = json.loads(error.response.body)["message"] if error.response else ""
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return f": {message[:MAX_EXPLANATION]}" if isinstance(message, str) and message else ""


def _rejected(error: HTTPClientError) -> Unreachable:
    """Return what the HTTP answer to a handshake means."""
    text = f"the handshake was answered with {error.code} {error.message}{_explanation(error)}"
    headers = error.response.headers if error.response else {}
    after = headers.get("Retry-After", "")
    retry_after_s = float(after) if after.isdecimal() else None
    final = 300 <= error.code < 500 and error.code not in _RETRY_LATER
    return Unreachable(text, Refused(f"http_{error.code}", text) if final else None, retry_after_s)
