"""A WebSocket server with known delays, which notes every frame by its own clock."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgpack
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from loadtest.cameras.target import Target

MODEL = {"name": "digits", "version": 1}
LIMITS = {"window": 4, "max_frame_bytes": 10**6, "max_pixels": 10**6, "max_staleness_ms": 500}


class Puppet:
    """Answers each frame after ``delay_s`` of its arrival and number; None loses it.

    ``status``: the HTTP status of every handshake. ``model``: None for a gateway without one.
    ``then``: what the second model says about each frame. ``alter`` returns what is sent instead
    of a message, one after the other.
    """

    def __init__(
        self,
        delay_s: Callable[[float, int], float | None] = lambda at, number: 0.02,
        model: dict[str, Any] | None = MODEL,
        pace: float | None = None,
        status: int = 101,
        tls: ssl.SSLContext | None = None,
        subprotocol: bool = True,
        then: dict[str, Any] | None = None,
        alter: Callable[[dict[str, Any]], Sequence[dict[str, Any] | bytes]] = lambda sent: [sent],
    ) -> None:
        self.alter = alter
        self.delay_s = delay_s
        self.model = model
        self.pace = pace
        self.status = status
        self.tls = tls
        self.subprotocol = subprotocol
        self.then = {} if then is None else {"then": then}
        self.hello: dict[str, Any] = {}
        self.authorization: str | None = None
        self.received = 0
        self.lost = 0
        self.delays_s: list[float] = []
        self.sessions: list[_Session] = []

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Target]:
        """Serve in the running loop. Yields where."""
        handlers = [("/ws", _Session, {"puppet": self}), ("/page", _Page)]
        application = Application(handlers, log_function=lambda handler: None)  # type: ignore[arg-type]
        server = HTTPServer(application, ssl_options=self.tls)
        socket, port = bind_unused_port()
        server.add_socket(socket)
        try:
            yield Target("127.0.0.1", port, "/ws", self.tls is not None, "127.0.0.1")
        finally:
            server.stop()
            await server.close_all_connections()
            await asyncio.sleep(0.1)  # until both ends have noticed


class _Page(RequestHandler):
    def get(self) -> None:
        self.finish("<html>a page</html>")


class _Session(WebSocketHandler):
    def initialize(self, puppet: Puppet) -> None:
        self._puppet = puppet

    def prepare(self) -> None:
        if self._puppet.status != 101:
            self.set_status(self._puppet.status)
            self.finish(
                {"type": "error", "code": "unauthorized", "message": "the token is missing"}
            )

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0] if self._puppet.subprotocol else None

    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)  # otherwise TCP holds small messages back, in real time
        self._puppet.sessions.append(self)
        self._puppet.authorization = self.request.headers.get("Authorization")

    def on_message(self, data: str | bytes) -> None:
        assert isinstance(data, bytes)
        message = msgpack.unpackb(data)
        if message["type"] == "frame":
            self._on_frame(message["id"])
            return
        self._puppet.hello = message
        self._send(type="welcome", model=self._puppet.model, limits=LIMITS)
        if self._puppet.pace:
            self._send(type="pace", frames_per_s=self._puppet.pace)

    def _on_frame(self, frame_id: int) -> None:
        loop = asyncio.get_running_loop()
        delay_s = self._puppet.delay_s(loop.time(), self._puppet.received)
        self._puppet.received += 1
        if delay_s is None:
            self._puppet.lost += 1
            return
        self._puppet.delays_s.append(delay_s)
        loop.call_later(delay_s, self._answer, frame_id)

    def _answer(self, frame_id: int) -> None:
        timing = {"queue": 1.0, "inference": 2.0, "total": 3.0}
        fields = {"model_version": 1, "batch": 2, "timing_ms": timing, **self._puppet.then}
        self._send(type="result", id=frame_id, **fields)

    def _send(self, **message: Any) -> None:
        with contextlib.suppress(WebSocketClosedError):
            for sent in self._puppet.alter(message):
                data = sent if isinstance(sent, bytes) else msgpack.packb(sent)
                self.write_message(data, binary=True)
