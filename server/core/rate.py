"""A limit on what one session uses per second: frames, or the cost of decoding them."""

from __future__ import annotations


class RateLimit:
    """A token bucket: ``per_second`` tokens on average, ``burst`` at once.

    Whatever costs more than ``burst`` needs a full bucket and leaves it in debt, so the
    average holds for it too.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at: float | None = None

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Return whether ``cost`` may be spent at ``now`` (monotonic seconds), and spend it."""
        if self._at is not None:
            gained = (now - self._at) * self._per_second
            self._tokens = min(self._burst, self._tokens + gained)
        self._at = now
        if self._tokens < min(cost, self._burst):
            return False
        self._tokens -= cost
        return True
