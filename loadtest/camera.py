"""A camera in a closed loop: a WebSocket client that costs as little CPU time as possible.

The load generator shares its cores with what it measures. So each frame is encoded once, as the
bytes that go into the socket, and only its id changes. The mask that WebSocket requires of clients
is zero: the gateway unmasks it like any other, and the client does not have to mask 40 KB.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgpack

from loadtest import websocket

_BEFORE_ID = b"\x84" + b"".join(map(msgpack.packb, ("type", "frame", "id"))) + b"\xce"
_AFTER_ID = b"".join(map(msgpack.packb, ("format", "jpeg", "data"))) + b"\xc6"


_hello = msgpack.packb({"type": "hello", "client": "loadtest"})
HELLO = websocket.header(len(_hello)) + _hello


def address(number: int) -> tuple[str, int]:
    """Return a loopback address for camera ``number``, with any port.

    A gateway limits what one address may do, and cameras in the field have one each.
    """
    return f"127.1.{number // 250 % 250}.{number % 250 + 1}", 0


class Frame:
    """A ``frame`` message, encoded once for any id below 2^32."""

    def __init__(self, jpeg: bytes) -> None:
        before = websocket.header(len(_BEFORE_ID) + 4 + len(_AFTER_ID) + 4 + len(jpeg))
        self._before = before + _BEFORE_ID
        self._after = _AFTER_ID + struct.pack(">I", len(jpeg)) + jpeg

    def parts(self, frame_id: int) -> tuple[bytes, bytes]:
        """Return the bytes to write to the socket, in two parts."""
        return self._before + struct.pack(">I", frame_id), self._after


class Camera(asyncio.Protocol):
    """One session that keeps ``outstanding`` frames unanswered."""

    def __init__(
        self,
        frames: Sequence[Frame],
        outstanding: int = 1,
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self.latencies_ms: list[float] = []
        self.batches: list[int] = []
        self.sent = 0
        self.stopped = False
        self.welcomed: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._frames = frames
        self._outstanding = outstanding
        self._sent_at: dict[int, float] = {}
        self._settled = asyncio.Event()
        self._buffer = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(websocket.handshake())
        transport.write(HELLO)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.welcomed.set_exception(ConnectionError(head.decode("latin-1")))
                return
            self._open = True
            self._buffer = rest
        self._read_messages()

    async def opened(self, timeout_s: float = 10.0) -> None:
        """Wait until the session is open.

        Not by ``asyncio.wait_for``, which before Python 3.12 loses a cancellation that arrives
        together with the result.
        """
        await asyncio.wait({self.welcomed}, timeout=timeout_s)
        if not self.welcomed.done():
            raise TimeoutError(f"no session within {timeout_s:g} s")
        self.welcomed.result()

    def connection_lost(self, error: Exception | None) -> None:
        self.stopped = True
        self._settled.set()

    async def finish(self) -> None:
        """Stop sending, and wait until every frame has its outcome."""
        self.stopped = True
        if self._sent_at:
            await self._settled.wait()

    def leave(self) -> None:
        """Disconnect without a closing handshake, as phones do."""
        self.stopped = True
        self._transport.abort()

    def send(self) -> None:
        """Send one frame now."""
        frame = self._frames[self.sent % len(self._frames)]
        self._sent_at[self.sent] = time.perf_counter()
        self._transport.writelines(frame.parts(self.sent))
        self.sent += 1

    def _read_messages(self) -> None:
        messages, self._buffer = websocket.messages(self._buffer)
        for opcode, payload in messages:
            if opcode == websocket.BINARY:
                self._on_message(msgpack.unpackb(payload))
            elif opcode == websocket.PING:  # the gateway disconnects clients that do not answer
                self._transport.write(websocket.pong(payload))

    def _on_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "welcome":
            if not self.welcomed.done():
                self.welcomed.set_result(message)
            for _ in range(self._outstanding):
                self.send()
            return
        sent_at = self._sent_at.pop(message.get("id", -1), None)
        if sent_at is None:
            return
        self.outcomes[kind if kind != "dropped" else f"dropped {message['reason']}"] += 1
        if kind == "result":
            self.latencies_ms.append((time.perf_counter() - sent_at) * 1000)
            self.batches.append(message["batch"])
        if not self.stopped:
            self.send()
        elif not self._sent_at:
            self._settled.set()
