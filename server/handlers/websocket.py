"""/ws: one session for each WebSocket connection."""

from __future__ import annotations

import asyncio
import logging
import time

from tornado.websocket import WebSocketHandler, WebSocketProtocol, WebSocketProtocol13

from server.access.door import Door
from server.core import wire
from server.core.admission import UNAUTHORIZED
from server.core.errors import AccessError, Internal, Overloaded, Unauthorized
from server.core.messages import ServerMessage, error_message
from server.core.session import POLICY_VIOLATION, TRY_AGAIN_LATER, Session, State
from server.handlers import encodings
from server.handlers.guarded import note, refuse
from server.handlers.protocol import FrameProtocol
from server.runtime.gateway import Gateway
from server.settings import Settings

log = logging.getLogger(__name__)


class SessionHandler(WebSocketHandler):
    """A socket's side of a session: bytes in, bytes out, nothing kept but what is unsent."""

    def initialize(self, gateway: Gateway, settings: Settings, door: Door) -> None:
        self._gateway = gateway
        self._door = door
        self._token: str | None = None
        self._settings = settings
        self._session: Session | None = None
        self._encoding: wire.Encoding | None = None
        self._hello_timer: asyncio.TimerHandle | None = None
        self._unsent = 0

    def prepare(self) -> None:
        """Refuse pages of foreign origins, and tokens that do not count.

        A browser cannot show a token here, so it may still come with hello.
        """
        try:
            self._door.check_origin(self.request)
            self._token = self._door.check_token(self.request, time.monotonic())
        except AccessError as error:
            note(self, self._door, error.code, error.message)
            refuse(self, error)

    def check_origin(self, origin: str) -> bool:
        """``prepare`` has looked at it."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return encodings.choose(subprotocols)

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        # Tornado has chosen version and parameters; only the class is another one.
        chosen = super().get_websocket_protocol()
        if isinstance(chosen, WebSocketProtocol13):
            return FrameProtocol(self, chosen.mask_outgoing, chosen.params)
        return chosen

    def open(self, *args: str, **kwargs: str) -> None:
        if self.selected_subprotocol:
            self._encoding = encodings.BY_SUBPROTOCOL[self.selected_subprotocol]
        # Small messages that must not wait for company.
        self.set_nodelay(True)
        try:
            self._session = self._gateway.connect(self, self._token)
        except Overloaded as error:
            self.send(error_message(error))
            self.close(TRY_AGAIN_LATER, error.message[:120])
            return
        self._hello_timer = asyncio.get_running_loop().call_later(
            self._settings.hello_timeout_s, self._no_hello
        )

    def on_message(self, message: str | bytes) -> None:
        """Hand the message over and return: what waits here, waits before every pong."""
        connection = self.ws_connection
        if self._session is None or connection is None or connection.server_terminated:
            return  # its sender could not be told of any outcome
        encoding = self._encoding
        if encoding is None:
            encoding = self._encoding = encodings.implied_by(message)
        try:
            decoded = wire.decode(message, encoding, self._gateway.limits)
        except wire.Refused as refused:
            self._gateway.refuse(self._session, refused.error, refused.frame_id)
        else:
            self._gateway.receive(self._session, decoded)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End the socket; whose token did not count is noted."""
        if code == UNAUTHORIZED:
            note(self, self._door, Unauthorized.code, reason or "")
        super().close(code, reason)

    def on_close(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
        if self._session is not None:
            self._gateway.disconnect(self._session)
            self._session = None

    def send(self, message: ServerMessage) -> None:
        """Send a message. A client that lets too much pile up is closed, for all others' sake."""
        if self._unsent > self._settings.max_send_buffer_bytes:
            self.close(POLICY_VIOLATION, "reads too slowly")
            return
        connection = self.ws_connection
        if not isinstance(connection, FrameProtocol):
            return
        payload = self._encoded(message)
        written = connection.send(payload)
        if written is not None and not written.done():
            size = len(payload)
            self._unsent += size
            written.add_done_callback(lambda done: self._flushed(size))

    def _encoded(self, message: ServerMessage) -> bytes | str:
        encoding = self._encoding or wire.JSON
        try:
            return wire.encode(message, encoding)
        except Exception:
            # A model can say what an encoding cannot carry; its frame is still owed an outcome.
            log.exception("a %s could not be encoded", type(message).__name__)
            error = Internal("what the model says cannot be sent; see the gateway's log")
            return wire.encode(error_message(error, getattr(message, "id", None)), encoding)

    def _flushed(self, size: int) -> None:
        self._unsent -= size

    def _no_hello(self) -> None:
        if self._session is not None and self._session.state is State.NEW:
            self._gateway.session_rejected("no_hello")
            self.close(POLICY_VIOLATION, "no hello")
