"""What looks on while frames get their outcomes."""

from __future__ import annotations

from typing import Protocol

from server.core.messages import Outcome
from server.core.ring import Member
from server.core.session import Session


class FrameObserver(Protocol):
    """Learns the outcome of each frame that was offered to a model. Returns at once."""

    def resolved(self, session: Session, member: Member, outcome: Outcome) -> None:
        """Note an outcome, as it has just been sent."""
