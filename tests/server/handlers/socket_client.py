"""A WebSocket client built on Tornado's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from server.core.wire import Encoding
from server.transport.encodings import MSGPACK
from tests.server.handlers.conftest import Served
from tests.server.samples import frame_fields, packed

PATIENCE_S = 20.0


class SocketClient:
    """One connection; :meth:`read` returns the next message as a map, None at the end."""

    def __init__(self, socket: WebSocketClientConnection, encoding: Encoding) -> None:
        self.socket = socket
        self.encoding = encoding

    @classmethod
    async def connect(
        cls,
        served: Served,
        encoding: Encoding = MSGPACK,
        subprotocols: list[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> SocketClient:
        """Connect, offering the encoding's subprotocol unless others are named."""
        request = HTTPRequest(f"ws://127.0.0.1:{served.port}/ws", headers=headers or {})
        offered = [encoding.subprotocol] if subprotocols is None else subprotocols
        socket = await websocket_connect(request, subprotocols=offered)
        return cls(socket, encoding)

    @classmethod
    async def rejected(cls, served: Served, headers: dict[str, str] | None = None) -> HTTPResponse:
        """Connect in vain; return the response to the handshake."""
        with pytest.raises(HTTPClientError) as caught:
            await cls.connect(served, headers=headers)
        assert caught.value.response is not None
        return caught.value.response

    @classmethod
    async def open(
        cls,
        served: Served,
        encoding: Encoding = MSGPACK,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> SocketClient:
        """Connect, say hello and take the welcome."""
        client = await cls.connect(served, encoding, headers=headers)
        client.send({"type": "hello", **options})
        assert (await client.read())["type"] == "welcome"
        return client

    def send(self, fields: dict[str, Any]) -> None:
        """Send a map."""
        self.send_raw(packed(self.encoding, fields))

    def send_raw(self, payload: bytes | str) -> None:
        """Send a payload as it is, as text or as bytes."""
        self.socket.write_message(payload, binary=isinstance(payload, bytes))

    def shoot(self, frame_id: int, **changes: Any) -> None:
        """Send a frame."""
        self.send(frame_fields(frame_id, **changes))

    async def read(self) -> dict[str, Any]:
        """The next message. Fails at the end of the connection."""
        payload = await asyncio.wait_for(self.socket.read_message(), PATIENCE_S)
        assert payload is not None, f"closed: {self.socket.close_code} {self.socket.close_reason}"
        assert isinstance(payload, str) == self.encoding.text
        found = self.encoding.unpack(payload)
        assert isinstance(found, dict)
        return found

    async def closed(self) -> tuple[int | None, str | None]:
        """Read to the end; the close code and reason."""
        while await asyncio.wait_for(self.socket.read_message(), PATIENCE_S) is not None:
            pass
        return self.socket.close_code, self.socket.close_reason

    async def works(self, frame_id: int = 1000) -> None:
        """A frame is answered: the session lives."""
        self.shoot(frame_id)
        found = await self.read()
        assert (found["type"], found.get("id")) == ("result", frame_id), found
