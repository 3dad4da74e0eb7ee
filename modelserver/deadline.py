"""How long a call is worth its answer."""

from __future__ import annotations

import time
from collections.abc import Iterable

from modelserver.status import Code, ServingError


class Deadline:
    """When a call is over: its time is up, or its caller has gone.

    Args:
        at: the moment, in seconds of `time.monotonic`; None for never.
    """

    def __init__(self, at: float | None = None) -> None:
        self.at = at
        self._abandoned = False

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def abandon(self) -> None:
        """The caller has gone. What has not begun for it will not; a run is not cut short."""
        self._abandoned = True

    def left(self) -> float | None:
        """Seconds until the deadline, None without one.

        Raises:
            ServingError: DEADLINE_EXCEEDED if it has passed, CANCELLED if the caller has gone.
        """
        if self._abandoned:
            raise ServingError(Code.CANCELLED, "the caller has gone")
        if self.at is None:
            return None
        left = self.at - time.monotonic()
        if left <= 0:
            raise ServingError(Code.DEADLINE_EXCEEDED, "the deadline passed before the call ran")
        return left


def latest(deadlines: Iterable[Deadline]) -> Deadline:
    """A deadline at which all of these have passed."""
    moments = [deadline.at for deadline in deadlines]
    if any(moment is None for moment in moments):
        return Deadline()
    return Deadline(max(moment for moment in moments if moment is not None))
