"""A limit on one session's frames per second."""

from __future__ import annotations


class RateLimit:
    """A token bucket: ``per_second`` frames on average, ``burst`` at once."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at: float | None = None

    def allows(self, now: float) -> bool:
        """Return whether one more frame is allowed at ``now`` (monotonic seconds), and count it."""
        if self._at is not None:
            gained = (now - self._at) * self._per_second
            self._tokens = min(self._burst, self._tokens + gained)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
