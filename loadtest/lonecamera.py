"""A single camera that blocks on its socket, as a direct Predict call blocks in gRPC.

The cost of a client's event loop belongs neither to the gateway nor to the model server, so a
comparison of the two must leave it out.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Any

import msgpack

from loadtest import websocket
from loadtest.camera import HELLO, Frame

_TIMEOUT_S = 60.0
_CHUNK_BYTES = 64 * 1024


class LoneCamera:
    """One session with at most one unanswered frame."""

    def __init__(self, port: int, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self._sent = 0
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(websocket.handshake() + HELLO)
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode("latin-1"))
        self._read("welcome")

    def __enter__(self) -> LoneCamera:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def ask(self) -> float:
        """Send one frame and wait for its result. Returns how long that took, in ms."""
        sent_at = time.perf_counter()
        self._socket.sendmsg(self._frames[self._sent % len(self._frames)].parts(self._sent))
        while self._read("result")["id"] != self._sent:
            pass
        self._sent += 1
        return (time.perf_counter() - sent_at) * 1000

    def _read(self, kind: str) -> dict[str, Any]:
        """Return the next message, which must have the type ``kind``."""
        while True:
            messages, self._buffer = websocket.messages(self._buffer)
            for opcode, payload in messages:
                if opcode == websocket.PING:
                    self._socket.sendall(websocket.pong(payload))
                elif opcode == websocket.BINARY:
                    message: dict[str, Any] = msgpack.unpackb(payload)
                    if message["type"] != kind:
                        raise ConnectionError(f"expected {kind}, received {message}")
                    return message
            self._receive()

    def _receive(self) -> None:
        received = self._socket.recv(_CHUNK_BYTES)
        if not received:
            raise ConnectionError("the gateway closed the session")
        self._buffer += received
