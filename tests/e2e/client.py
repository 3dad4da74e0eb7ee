"""A WebSocket client that says what a test wants to say, and waits for what it expects."""

from __future__ import annotations

import asyncio
from typing import Any

import msgpack
from tornado.websocket import WebSocketClientConnection, websocket_connect

ANSWER_S = 60.0
"""A busy machine takes half a minute to load and warm up another version."""


class Client:
    """One session. ``model`` is the latest that the gateway told of."""

    def __init__(self, socket: WebSocketClientConnection, welcome: dict[str, Any]) -> None:
        self._socket = socket
        self.welcome = welcome
        self.model: dict[str, Any] | None = welcome["model"]
        self._next_id = 0

    @classmethod
    async def connect(cls, port: int, **options: Any) -> Client:
        """Open a socket and say hello."""
        socket = await websocket_connect(
            f"ws://127.0.0.1:{port}/ws", subprotocols=["framewire.v1.msgpack"]
        )
        client = cls(socket, {"model": None})
        await client.say({"type": "hello", **options})
        client.welcome = await client.expect("welcome")
        client.model = client.welcome["model"]
        return client

    async def say(self, message: dict[str, Any]) -> None:
        await self._socket.write_message(msgpack.packb(message), binary=True)

    async def hear(self) -> dict[str, Any]:
        """The next message. Fails if none comes, or the socket closes."""
        payload = await asyncio.wait_for(self._socket.read_message(), ANSWER_S)
        assert payload is not None, f"closed: {self._socket.close_code}"
        message: dict[str, Any] = msgpack.unpackb(payload)
        if message["type"] == "model_changed":
            self.model = message["model"]
        return message

    async def expect(self, kind: str) -> dict[str, Any]:
        """The next message of this type; what comes before it is passed over."""
        while True:
            message = await self.hear()
            if message["type"] == kind:
                return message

    async def ask(self, data: bytes, **fields: Any) -> dict[str, Any]:
        """Send one frame and wait for its outcome; again if it expired, as on a busy machine."""
        for _ in range(4):
            outcome = await self._ask(data, **fields)
            if outcome.get("reason") != "expired":
                break
        return outcome

    async def _ask(self, data: bytes, **fields: Any) -> dict[str, Any]:
        frame_id = self._next_id
        self._next_id += 1
        fields = {"format": "jpeg", **fields}
        await self.say({"type": "frame", "id": frame_id, "data": data, **fields})
        while True:
            message = await self.hear()
            if message.get("id") == frame_id:
                return message

    def close(self) -> None:
        self._socket.close()
