"""A camera in a closed loop: it sends a frame when it has the outcome of an earlier one.

Each frame is encoded once, as the bytes that go into the socket, and only its id changes.
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
from loadtest.connection import Connection, hello

_BEFORE_ID = b"".join(map(msgpack.packb, ("type", "frame", "id"))) + b"\xce"

HELLO = hello()


def address(number: int) -> tuple[str, int]:
    """Return a loopback address for camera ``number``, with any port.

    A gateway limits what one address may do, and cameras in the field have one each.
    """
    return f"127.1.{number // 250 % 250}.{number % 250 + 1}", 0


def _sized(size: tuple[int, int]) -> tuple[str, int, str, int]:
    return "width", size[0], "height", size[1]


class Frame:
    """A ``frame`` message, encoded once for any id below 2^32.

    ``size``: width and height in pixels, which raw formats need.
    """

    def __init__(
        self, picture: bytes, format: str = "jpeg", size: tuple[int, int] | None = None
    ) -> None:
        fields = ("format", format) if size is None else ("format", format, *_sized(size))
        before_id = bytes([0x80 | 3 + len(fields) // 2]) + _BEFORE_ID  # the map's length first
        after_id = b"".join(map(msgpack.packb, (*fields, "data"))) + b"\xc6"
        before = websocket.header(len(before_id) + 4 + len(after_id) + 4 + len(picture))
        self._before = before + before_id
        self._after = after_id + struct.pack(">I", len(picture)) + picture

    @property
    def size(self) -> int:
        """The bytes on the wire."""
        return len(self._before) + 4 + len(self._after)

    def parts(self, frame_id: int) -> tuple[bytes, bytes]:
        """Return the bytes to write to the socket, in two parts."""
        return self._before + struct.pack(">I", frame_id), self._after


class Camera(Connection):
    """One session that keeps ``outstanding`` frames unanswered."""

    def __init__(
        self,
        frames: Sequence[Frame],
        outstanding: int = 1,
    ) -> None:
        super().__init__(websocket.handshake() + HELLO)
        self.outcomes: Counter[str] = Counter()
        self.latencies_ms: list[float] = []
        self.batches: list[int] = []
        self.sent = 0
        self.stopped = False
        self._frames = frames
        self._outstanding = outstanding
        self._sent_at: dict[int, float] = {}
        self._settled = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many frames have no outcome yet."""
        return len(self._sent_at)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.stopped = True
        self._settled.set()

    async def finish(self) -> None:
        """Stop sending, and wait until every frame has its outcome."""
        self.stopped = True
        if self._sent_at:
            await self._settled.wait()

    def leave(self) -> None:
        self.stopped = True
        super().leave()

    def send(self, due: float | None = None) -> None:
        """Send one frame now, which ages from when it was ``due``; None: from now."""
        frame = self._frames[self.sent % len(self._frames)]
        self._sent_at[self.sent] = time.perf_counter() if due is None else due
        self._transport.writelines(frame.parts(self.sent))
        self.sent += 1

    def _on_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "welcome":
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
