"""The client side of a session that lives for a single frame."""

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


class OneShotPeer:
    """Receives a session's messages. ``outcome`` is done once the frame has its outcome.

    ``receiving_since`` is when its upload began, ``client_address`` where it comes from.
    """

    def __init__(self, receiving_since: float, client_address: str) -> None:
        self.receiving_since = receiving_since
        self.client_address = client_address
        loop = asyncio.get_running_loop()
        self.welcome: asyncio.Future[None] = loop.create_future()
        self.outcome: asyncio.Future[Outcome] = loop.create_future()

    def send(self, message: ServerMessage) -> None:
        """Receive a message, as a WebSocket client would."""
        if isinstance(message, Welcome):
            _complete(self.welcome, None)
        elif isinstance(message, Result | Dropped | Error) and message.id is not None:
            _complete(self.outcome, message)
        elif isinstance(message, Error) and message.code == Unauthorized.code:
            # The token expired during the upload.
            _complete(self.welcome, None)
            _complete(self.outcome, message)

    def close(self, code: int, reason: str) -> None:
        """End the session before the frame has an outcome."""
        _complete(self.welcome, None)
        _complete(self.outcome, error_message(Overloaded(reason)))


def _complete(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)
