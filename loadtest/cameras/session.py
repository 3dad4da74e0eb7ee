"""A camera's connection to the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from loadtest.camera import Frame
from loadtest.connection import Connection


class Session(Connection):
    """A connection that passes on what it receives."""

    def __init__(
        self,
        greeting: bytes,
        on_message: Callable[[dict[str, Any]], None],
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(greeting)
        self.lost = asyncio.Event()
        self.left = False
        self._handle = on_message
        self._on_lost = on_lost

    def _on_message(self, message: dict[str, Any]) -> None:
        self._handle(message)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._on_lost()
        self.lost.set()

    def leave(self) -> None:
        self.left = True
        super().leave()

    @property
    def unsent_bytes(self) -> int:
        """What the socket has not taken yet."""
        return self._transport.get_write_buffer_size()

    def send(self, frame: Frame, frame_id: int) -> None:
        """Send a frame, unless the connection is gone by now."""
        if not self._transport.is_closing():
            self._transport.writelines(frame.parts(frame_id))

    def read(self, on: bool) -> None:
        """Go on reading, or pause."""
        (self._transport.resume_reading if on else self._transport.pause_reading)()
