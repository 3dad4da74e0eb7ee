"""Whether a worker still receives the connections that it is sent. Pure: time is an argument."""

from __future__ import annotations

STALLED_S = 1.0


class Progress:
    """Watches how many connections one worker has received of those that were passed to it."""

    def __init__(self) -> None:
        self._received = 0
        self._at = 0.0

    def stalled(self, passed: int, received: int, now: float) -> bool:
        """Return whether connections wait, and none was received for :data:`STALLED_S`.

        ``now`` is in monotonic seconds. The caller must: ask before it passes a connection.
        """
        if received != self._received or received == passed:
            self._received, self._at = received, now
        return now - self._at > STALLED_S
