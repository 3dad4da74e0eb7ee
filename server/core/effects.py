"""What a session asks of its caller: see the theory of operation in ``session``."""

from __future__ import annotations

from dataclasses import dataclass

from server.core.messages import Frame, ServerMessage
from server.core.model import Lane, ModelKey


@dataclass(frozen=True, slots=True)
class Send:
    """This message goes to the client."""

    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Select:
    """The session wants this model; ``Session.update_model`` awaits what is known of it."""

    key: ModelKey


@dataclass(frozen=True, slots=True)
class Offer:
    """This frame is accepted and travels in this lane."""

    frame: Frame
    lane: Lane


@dataclass(frozen=True, slots=True)
class Expire:
    """``Session.expire`` is to be called at this time (monotonic seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class Close:
    """The socket ends with this code."""

    code: int
    reason: str


Effect = Send | Select | Offer | Expire | Close
