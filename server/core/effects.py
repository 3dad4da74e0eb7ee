"""What a session asks its caller to do; :mod:`server.core.session` explains when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from server.core.messages import Frame, ServerMessage
from server.core.model import Lane, ModelKey


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message to the client."""

    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Select:
    """Look this model up, and pass the result to ``Session.update_model``."""

    key: ModelKey


@dataclass(frozen=True, slots=True)
class SelectSecond:
    """Follow this model, which the session's boxes go to, instead of the one before; None: none."""

    key: ModelKey | None


class Offer(NamedTuple):
    """Offer this accepted frame to the batcher, for this lane."""

    frame: Frame
    lane: Lane


@dataclass(frozen=True, slots=True)
class Expire:
    """Call ``Session.expire`` at this time (monotonic seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket with this code."""

    code: int
    reason: str


Effect = Send | Select | SelectSecond | Offer | Expire | Close
