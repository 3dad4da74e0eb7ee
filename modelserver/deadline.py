"""Deadlines of calls, and whether the caller still waits for the answer."""

from __future__ import annotations

import time
from collections.abc import Iterable

from modelserver.status import Code, ServingError


class Deadline:
    """The point at which a call is no longer worth answering.

    ``at`` is in seconds of ``time.monotonic``; ``None`` means no deadline.
    """

    def __init__(self, at: float | None = None) -> None:
        self.at = at
        self._abandoned = False

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return a deadline ``seconds`` from now."""
        return cls(time.monotonic() + seconds)

    def abandon(self) -> None:
        """Record that the caller has disconnected. Queued work is dropped; a run that has started
        continues.
        """
        self._abandoned = True

    def left(self) -> float | None:
        """Return the seconds until the deadline, or ``None`` without one.

        Raise ``ServingError`` with DEADLINE_EXCEEDED if it has passed, and with CANCELLED if the
        caller has disconnected.
        """
        if self._abandoned:
            raise ServingError(Code.CANCELLED, "the caller has disconnected")
        if self.at is None:
            return None
        left = self.at - time.monotonic()
        if left <= 0:
            raise ServingError(
                Code.DEADLINE_EXCEEDED, "the deadline passed before the call started"
            )
        return left


def latest(deadlines: Iterable[Deadline]) -> Deadline:
    """Return the latest of several deadlines."""
    moments = [deadline.at for deadline in deadlines]
    if any(moment is None for moment in moments):
        return Deadline()
    return Deadline(max(moment for moment in moments if moment is not None))
