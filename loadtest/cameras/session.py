"""What a camera needs of its connection, and that to a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from loadtest.connection import Connection


class Message(Protocol):
    """A picture, encoded once. ``size``: its bytes on the wire."""

    @property
    def size(self) -> int: ...

    def parts(self, frame_id: int) -> Sequence[bytes]:
        """Return the bytes to write to the socket."""


class Session(Protocol):
    """An open connection, or one that is being opened.

    ``welcomed`` gets a message with ``limits``. ``lost`` is set when it has ended: ``left`` if
    the camera wanted that, otherwise for the reason ``ended``.
    """

    welcomed: asyncio.Future[dict[str, Any]]
    lost: asyncio.Event
    left: bool
    ended: str

    async def opened(self) -> None:
        """Wait until the session is open. Raises OSError."""

    def leave(self) -> None:
        """Disconnect without a closing handshake."""

    @property
    def unsent_bytes(self) -> int:
        """What the socket has not taken yet."""

    def send(self, message: Message, frame_id: int) -> None:
        """Send a frame, unless the connection is gone by now."""

    def read(self, on: bool) -> None:
        """Go on reading, or pause."""


class GatewaySession(Connection):
    """A connection to a gateway, which passes on what it receives."""

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
        return self._transport.get_write_buffer_size()

    def send(self, message: Message, frame_id: int) -> None:
        if not self._transport.is_closing():
            self._transport.writelines(message.parts(frame_id))

    def read(self, on: bool) -> None:
        (self._transport.resume_reading if on else self._transport.pause_reading)()
