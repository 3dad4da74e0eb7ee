"""What the client raises.

::

    ClientError
    ├── ConnectionFailed   no session could be opened in time
    ├── Refused            the gateway rejected this client: code, message
    ├── ClientClosed       the client was closed, or not opened yet
    ├── NoResult           a picture got no result: outcome
    └── SourceError        a camera, video or folder cannot be read
        └── MissingExtra   the optional dependency for it is not installed

A frame that is dropped or fails is no exception in a stream: it is an outcome like a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framewire.client.outcomes import Dropped, Failed


CLOSED = "the client is closed; use it inside its 'with' block"


class ClientError(Exception):
    """Anything that this package raises on purpose."""


class ConnectionFailed(ClientError):
    """No session could be opened in time. The message has the reason of the last attempt."""


class Refused(ClientError):
    """The gateway rejected this client, so the client has stopped trying."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class ClientClosed(ClientError):
    """The client was closed, or used outside its ``with`` block."""


class NoResult(ClientError):
    """A picture was dropped or failed. ``outcome`` says why."""

    def __init__(self, outcome: Dropped | Failed) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class SourceError(ClientError):
    """A camera, video or folder cannot be read."""


class MissingExtra(SourceError):
    """The optional dependency that a source needs is not installed."""
