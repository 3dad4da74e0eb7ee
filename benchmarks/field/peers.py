"""Cameras of other servers, over WebSocket or HTTP, as streams of the load test.

A camera may have four frames without an answer, whichever server it talks to. Over WebSocket,
answers arrive in the order of the frames. Over HTTP, a camera has a kept-alive connection for
each of the four.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loadtest import websocket
from loadtest.cameras.session import GatewaySession, Message, Session
from loadtest.cameras.source import Picture
from loadtest.cameras.target import Target
from loadtest.connection import Rejected

WINDOW = 4
OK = 200
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_WELCOME = {"limits": {"window": WINDOW}}
OnMessage = Callable[[dict[str, Any]], None]
OnLost = Callable[[], None]


@dataclass(frozen=True)
class Request:
    """A picture, encoded once as the bytes that go into the socket."""

    data: bytes

    @property
    def size(self) -> int:
        """The bytes on the wire."""
        return len(self.data)

    def parts(self, frame_id: int) -> tuple[bytes]:
        """Return these bytes: other servers know no ids."""
        return (self.data,)


@dataclass(frozen=True)
class WebSocketPeer(Target):
    """A server that takes a JPEG per message and answers each by JSON."""

    def message(self, picture: Picture) -> Request:
        """Return a message with this picture."""
        return Request(websocket.header(len(picture.data)) + picture.data)

    async def session(self, on_message: OnMessage, on_lost: OnLost, number: int) -> Session:
        """Open the connection of camera ``number``. Raises OSError."""
        greeting = websocket.handshake(path=self.path)
        return await self.connect(lambda: _WebSocketSession(greeting, on_message, on_lost), number)


class _WebSocketSession(GatewaySession):
    def __init__(self, greeting: bytes, on_message: OnMessage, on_lost: OnLost) -> None:
        super().__init__(greeting, on_message, on_lost)
        self._ids: deque[int] = deque()

    def send(self, message: Message, frame_id: int) -> None:
        self._ids.append(frame_id)
        super().send(message, frame_id)

    def _opens(self) -> bool:
        answer = websocket.answer(self._buffer)
        if answer is None:
            return False
        self._buffer = answer.rest
        self._open = answer.status == 101
        if self._open:
            self.welcomed.set_result(_WELCOME)
        else:
            self._fail(Rejected(answer.status, answer.body.decode("utf-8", "replace")))
        return self._open

    def _read_messages(self) -> None:
        messages, self._buffer = websocket.messages(self._buffer)
        for opcode, payload in messages:
            if opcode == websocket.TEXT:
                self._on_message(_outcome(self._ids.popleft(), OK, payload))
            elif opcode == websocket.PING:
                self._transport.write(websocket.pong(payload))
            elif opcode == websocket.CLOSE:
                self._on_close(payload)


@dataclass(frozen=True)
class HttpPeer(Target):
    """A server that takes a POST per frame and answers by JSON.

    ``wrap``: None for a body that is the JPEG. Otherwise the body is JSON with the list of
    one picture in base64 under this name.
    """

    wrap: str | None = None

    def message(self, picture: Picture) -> Request:
        """Return a request with this picture."""
        kind, body = "application/octet-stream", picture.data
        if self.wrap is not None:
            text = base64.b64encode(picture.data).decode()
            kind, body = "application/json", json.dumps({self.wrap: [text]}).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.authority}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Request(head.encode() + body)

    async def session(self, on_message: OnMessage, on_lost: OnLost, number: int) -> Session:
        """Open the connections of a camera. Raises OSError."""
        session = _HttpSession(on_message, on_lost)
        await asyncio.gather(*(session.connect(self.host, self.port) for _ in range(WINDOW)))
        return session


class _HttpSession:
    def __init__(self, on_message: OnMessage, on_lost: OnLost) -> None:
        self.welcomed: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.welcomed.set_result(_WELCOME)
        self.lost = asyncio.Event()
        self.left = False
        self.ended = "a connection was closed"
        self._on_message = on_message
        self._on_lost = on_lost
        self._connections: list[_HttpConnection] = []
        self._idle: deque[_HttpConnection] = deque()

    async def connect(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _HttpConnection(self), host, port)
        self._connections.append(connection)
        self._idle.append(connection)

    async def opened(self, timeout_s: float = 0.0) -> None:
        """It is open from the start: HTTP has no handshake."""

    def leave(self) -> None:
        self.left = True
        for connection in self._connections:
            connection.transport.abort()

    @property
    def unsent_bytes(self) -> int:
        return sum(connection.transport.get_write_buffer_size() for connection in self._connections)

    def send(self, message: Message, frame_id: int) -> None:
        if not self.lost.is_set():
            self._idle.popleft().ask(message, frame_id)

    def read(self, on: bool) -> None:
        for connection in self._connections:
            (connection.transport.resume_reading if on else connection.transport.pause_reading)()

    def answered(self, connection: _HttpConnection, outcome: dict[str, Any]) -> None:
        """Take the answer of a connection, which is idle again."""
        self._idle.append(connection)
        self._on_message(outcome)

    def disconnected(self) -> None:
        """One connection is lost, so the others are closed as well."""
        if not self.lost.is_set():
            self.lost.set()
            for connection in self._connections:
                connection.transport.abort()
            self._on_lost()


class _HttpConnection(asyncio.Protocol):
    def __init__(self, session: _HttpSession) -> None:
        self._session = session
        self._buffer = b""
        self._frame_id = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, message: Message, frame_id: int) -> None:
        self._frame_id = frame_id
        self.transport.writelines(message.parts(frame_id))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answer = websocket.answer(self._buffer)
        if answer is None:
            return
        body = answer.body
        if answer.headers.get("transfer-encoding") == "chunked":
            if not answer.rest.endswith(_LAST_CHUNK):
                return
            body = _joined(answer.rest)
        self._buffer = b""  # there is no other answer behind it, because nothing else was asked
        self._session.answered(self, _outcome(self._frame_id, answer.status, body))

    def connection_lost(self, error: Exception | None) -> None:
        self._session.disconnected()


def _joined(chunks: bytes) -> bytes:
    """Return a body that was sent in chunks."""
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        body, chunks = body + rest[:length], rest[length + 2 :]
    return body


def _outcome(frame_id: int, status: int, body: bytes) -> dict[str, Any]:
    """Return an answer as the message that the gateway would send."""
    if status != OK:
        return {"type": "error", "id": frame_id, "code": f"http_{status}"}
    answer = json.loads(body)
    [only] = answer if isinstance(answer, list) else [answer]
    if "boxes" not in only:
        return {"type": "error", "id": frame_id, "code": "no_boxes"}
    timing = {"queue": math.nan, "inference": math.nan}
    return {"type": "result", "id": frame_id, "batch": 0, "timing_ms": timing}
