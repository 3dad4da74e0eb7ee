"""The gateway's side of the connections, as a case directs it."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from conformance.kit import Message
from server.core.messages import Frame, Limits
from server.core.wire import Encoding, Refused, decode
from server.transport.encodings import BY_SUBPROTOCOL, choose, implied_by

LIMITS = Limits(window=1 << 20, max_frame_bytes=1 << 20, max_pixels=1 << 24, max_staleness_ms=500)


class Violation(Exception):
    """What the client did, or did not do, against the protocol."""


class Connection:
    """One connection, whose messages are checked as the gateway checks them.

    ``may_send``: a frame may be sent, because there is a session and a model. ``window``: the
    frames that may be without an outcome.
    """

    def __init__(self, handler: WebSocketHandler) -> None:
        self.messages: asyncio.Queue[Message | Violation] = asyncio.Queue()
        self.closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.may_send = False
        self.window = 2
        self.pending: set[int] = set()
        self._handler = handler
        self._last_id = -1
        name = handler.selected_subprotocol
        self._encoding: Encoding | None = BY_SUBPROTOCOL[name] if name else None

    def receive(self, payload: bytes | str) -> None:
        """Take a message from the client."""
        self._encoding = self._encoding or implied_by(payload)
        try:
            self._check(payload, self._encoding)
            self.messages.put_nowait(self._encoding.unpack(payload))
        except Refused as refused:
            self.messages.put_nowait(Violation(f"the gateway rejects a message: {refused}"))
        except Violation as violation:
            self.messages.put_nowait(violation)

    def _check(self, payload: bytes | str, encoding: Encoding) -> None:
        message = decode(payload, encoding, LIMITS)
        if not isinstance(message, Frame):
            return
        if not self.may_send:
            raise Violation("a frame was sent while there was no session or no model")
        if message.id <= self._last_id:
            raise Violation(f"frame {message.id} follows frame {self._last_id}: ids must increase")
        self._last_id = message.id
        self.pending.add(message.id)
        count = len(self.pending)
        if count > self.window:
            raise Violation(f"{count} frames lack an outcome; the window is {self.window}")

    def send(self, message: Message) -> None:
        """Send a message, and note what the client may do from now on."""
        kind = message["type"]
        if kind in ("welcome", "model_changed"):
            self.may_send = message["model"] is not None
        if kind == "welcome":
            self.window = message["limits"]["window"]
        if kind == "going_away":
            self.may_send = False
        self.pending.discard(message.get("id", -1))
        assert self._encoding is not None
        payload = self._encoding.pack(message)
        try:
            self._handler.write_message(payload, binary=isinstance(payload, bytes))
        except WebSocketClosedError:
            raise Violation("the client has closed the connection") from None

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a code."""
        self._handler.close(code, reason)

    def cut(self) -> None:
        """End the connection without a word."""
        connection = self._handler.ws_connection
        if connection is not None and connection.stream is not None:
            connection.stream.close()


class Stage:
    """A WebSocket server at ``url``, whose ``connections`` a case takes one by one.

    ``rejections``: the status of each of the next handshakes that is to be rejected.
    """

    def __init__(self) -> None:
        self.connections: asyncio.Queue[Connection] = asyncio.Queue()
        self.rejections: list[int] = []
        [socket] = bind_sockets(0, "127.0.0.1")
        self.url = f"ws://127.0.0.1:{socket.getsockname()[1]}/ws"
        addresses = [("/ws", _Handler, {"stage": self})]
        self._server = HTTPServer(Application(addresses, log_function=lambda handler: None))
        self._server.add_socket(socket)

    async def close(self) -> None:
        """Close all connections."""
        self._server.stop()
        await self._server.close_all_connections()


class _Handler(WebSocketHandler):
    def initialize(self, stage: Stage) -> None:
        self._stage = stage
        self._connection: Connection | None = None

    def prepare(self) -> None:
        if self._stage.rejections:
            self.set_status(self._stage.rejections.pop(0))
            self.set_header("Retry-After", "0")
            self.finish()

    def check_origin(self, origin: str) -> bool:
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return choose(subprotocols)

    def open(self, *args: Any, **kwargs: Any) -> None:
        self._connection = Connection(self)
        self._stage.connections.put_nowait(self._connection)

    def on_message(self, message: bytes | str) -> None:
        if self._connection is not None:
            self._connection.receive(message)

    def on_close(self) -> None:
        if self._connection is not None and not self._connection.closed.done():
            self._connection.closed.set_result(self.close_code)
