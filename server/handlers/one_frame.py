"""The peer of a session that lives for a single frame."""

from __future__ import annotations

import asyncio
from typing import Any

from server.core.errors import Overloaded, Unauthorized
from server.core.messages import (
    Dropped,
    Error,
    Outcome,
    Result,
    ServerMessage,
    Welcome,
    error_message,
)


class OneFrame:
    """A session for a single frame. ``outcome`` is done when the frame has its own."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.welcome: asyncio.Future[None] = loop.create_future()
        self.outcome: asyncio.Future[Outcome] = loop.create_future()

    def send(self, message: ServerMessage) -> None:
        """Take a message as a client would."""
        if isinstance(message, Welcome):
            _complete(self.welcome, None)
        elif isinstance(message, Result | Dropped | Error) and message.id is not None:
            _complete(self.outcome, message)
        elif isinstance(message, Error) and message.code == Unauthorized.code:
            # The token's time ran out while the picture was on its way.
            _complete(self.welcome, None)
            _complete(self.outcome, message)

    def close(self, code: int, reason: str) -> None:
        """The gateway ends the session before the frame has an outcome."""
        _complete(self.welcome, None)
        _complete(self.outcome, error_message(Overloaded(reason)))


def _complete(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)
