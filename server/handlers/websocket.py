"""/ws: one session for each WebSocket connection."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from tornado import websocket

from server.access.control import AccessControl
from server.core import wire
from server.core.admission import UNAUTHORIZED
from server.core.errors import (
    AccessError,
    BadMessage,
    Internal,
    Overloaded,
    Unauthorized,
    UpgradeRequired,
)
from server.core.messages import (
    ClientMessage,
    Configure,
    Frame,
    Hello,
    ServerMessage,
    error_message,
)
from server.core.session import POLICY_VIOLATION, TRY_AGAIN_LATER, Session, State
from server.runtime.gateway import Gateway
from server.settings import Settings
from server.transport import encodings
from server.transport.jsonapi import report_rejection, send_error, send_http_error
from server.transport.upgrade import check_key, check_upgrade
from server.transport.websocket import WebSocketProtocol

log = logging.getLogger(__name__)

MAX_CLOSE_REASON_BYTES = 120
# Of each message before hello, which has a token and a few names: strangers fill no memory.
HELLO_MAX_BYTES = 64 * 1024


class SessionHandler(websocket.WebSocketHandler):
    """The connection of a session: decodes and encodes messages, and keeps none of them."""

    def initialize(self, gateway: Gateway, settings: Settings, access: AccessControl) -> None:
        self._gateway = gateway
        self._access = access
        self._token: str | None = None
        self._address: str | None = None  # for limits by address
        self._settings = settings
        self._session: Session | None = None
        self._encoding: wire.Encoding | None = None
        self._hello_timer: asyncio.TimerHandle | None = None
        self._unsent = 0  # bytes

    def prepare(self) -> None:
        """Reject what is no handshake or finds no room, foreign pages and bad tokens.

        A browser cannot send a token here, so it may still send one with hello. What is cheap
        to check comes first: verifying a token is not.
        """
        try:
            if self.request.method == "GET":
                self._check_room(time.monotonic())  # first: a page asks why with a plain GET
                check_upgrade(self.request)
            self._access.check_origin(self.request)
            self._token = self._access.check_token(self.request, time.monotonic())
            if self.request.method == "GET":
                check_key(self.request)
        except Overloaded as error:
            self.set_header("Connection", "close")
            send_error(self, error)
        except BadMessage as error:
            send_error(self, error)
        except UpgradeRequired as error:
            self.set_header("Connection", "Upgrade")
            self.set_header("Upgrade", "websocket")
            self.set_header("Sec-WebSocket-Version", "13")
            send_error(self, error)
        except AccessError as error:
            report_rejection(self, self._access, error.code, error.message)
            send_error(self, error)

    def _check_room(self, now: float) -> None:
        """Check that there is room for a session of this address. Raises Overloaded."""
        self._address = self._access.limited(self.request)
        # No extension is negotiated, and a long list of them takes long to parse.
        self.request.headers.pop("Sec-WebSocket-Extensions", None)
        try:
            self._access.check_handshake_rate(self._address, now)
        except Overloaded:
            self._gateway.session_rejected("handshakes")
            raise
        self._gateway.make_room(now, self._address)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send the errors of HTTP itself in the form that all errors have."""
        send_http_error(self, status_code, "open a WebSocket here, by GET", "GET")

    def check_origin(self, origin: str) -> bool:
        """Accept: ``prepare`` has checked it."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return encodings.choose(subprotocols)

    def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
        return WebSocketProtocol.replacing(super().get_websocket_protocol())

    def open(self, *args: str, **kwargs: str) -> None:
        if self.selected_subprotocol:
            self._encoding = encodings.BY_SUBPROTOCOL[self.selected_subprotocol]
        # Send small messages at once instead of waiting to fill a packet.
        self.set_nodelay(True)
        assert isinstance(self.ws_connection, WebSocketProtocol)
        self.ws_connection.on_flood = self._on_flood
        self.ws_connection.first_max_bytes = HELLO_MAX_BYTES
        try:
            self._session = self._gateway.connect(self, self._token, self._address)
        except Overloaded as error:
            self.send(error_message(error))
            self.close(TRY_AGAIN_LATER, error.message[:MAX_CLOSE_REASON_BYTES])
            return
        self._hello_timer = asyncio.get_running_loop().call_later(
            self._settings.hello_timeout_s, self._on_hello_timeout
        )

    def on_message(self, message: str | bytes | memoryview) -> None:
        """Hand the message over and return: waiting here would delay every pong."""
        connection = self.ws_connection
        if self._session is None or connection is None or connection.server_terminated:
            return  # no outcome could be sent
        encoding = self._encoding
        if encoding is None:
            encoding = self._encoding = encodings.implied_by(message)
        try:
            decoded = wire.decode(message, encoding, self._gateway.limits)
        except wire.Refused as refused:
            self._gateway.refuse(self._session, refused.error, refused.frame_id)
        else:
            if type(decoded) is Frame or self._admits(decoded):
                self._gateway.receive(self._session, decoded)

    @property
    def receiving_since(self) -> float | None:
        """When the message being handled began; None: its bytes came all at once."""
        assert isinstance(self.ws_connection, WebSocketProtocol)
        return self.ws_connection.receiving_since

    @property
    def client_address(self) -> str:
        """Where the client is, for operators."""
        return self._access.client(self.request).address

    def _admits(self, message: ClientMessage) -> bool:
        """Count a message that is not a frame. False: it is one too many, and closes the socket."""
        assert self._session is not None
        assert isinstance(self.ws_connection, WebSocketProtocol)
        if isinstance(message, Configure) and not self._session.is_change(message.options):
            return True
        if isinstance(message, Hello):
            self.ws_connection.welcome()
        return self.ws_connection.check_kind(type(message).__name__.lower())

    def _on_flood(self, reason: str) -> None:
        self._gateway.session_rejected("flood")
        fields = {"address": self.client_address, "reason": reason}
        log.info("session from %(address)s closed: %(reason)s", fields)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the connection; count and log it if the token is why."""
        if code == UNAUTHORIZED:
            report_rejection(self, self._access, Unauthorized.code, reason or "")
        super().close(code, reason)

    def on_close(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
        if self._session is not None:
            self._gateway.disconnect(self._session)
            self._session = None

    def send(self, message: ServerMessage) -> None:
        """Send a message. A client that does not read what is sent to it is disconnected."""
        if self._unsent > self._settings.max_send_buffer_bytes:
            self.close(POLICY_VIOLATION, "reads too slowly")
            return
        connection = self.ws_connection
        if not isinstance(connection, WebSocketProtocol):
            return
        try:
            payload = wire.encode(message, self._encoding or wire.JSON)
        except Exception:
            payload = self._unencodable(message)
        written = connection.send(payload)
        if written is not None and not written.done():
            size = len(payload)
            self._unsent += size
            written.add_done_callback(lambda done: self._on_written(size))

    def _unencodable(self, message: ServerMessage) -> bytes | str:
        """Return what is sent instead: a model's output may not be encodable, but its frame
        still needs an outcome. Call it where the exception is handled."""
        log.exception("cannot encode a %s message", type(message).__name__)
        error = Internal("the model's output cannot be encoded; see the gateway's log")
        frame_id = getattr(message, "id", None)
        return wire.encode(error_message(error, frame_id), self._encoding or wire.JSON)

    def _on_written(self, size: int) -> None:
        self._unsent -= size

    def _on_hello_timeout(self) -> None:
        if self._session is not None and self._session.state is State.NEW:
            self._gateway.session_rejected("no_hello")
            self.close(POLICY_VIOLATION, "no hello")
