"""When a worker that has ended is replaced. Pure: durations are arguments.

At once, if it has served for :data:`STEADY_S`, or if it is the first in a row to end sooner.
Otherwise after a pause that doubles with each one, from :data:`FIRST_PAUSE_S` to
:data:`LONGEST_PAUSE_S`: a worker that cannot start costs the machine half a second of
processor time for each attempt.
"""

from __future__ import annotations

STEADY_S = 10.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


class Restarts:
    """The pauses of one worker's place."""

    def __init__(self) -> None:
        self._early_ends = 0

    def pause_s(self, served_s: float) -> float:
        """Return how long to wait after a worker that ended ``served_s`` after its start."""
        if served_s >= STEADY_S:
            self._early_ends = 0
            return 0.0
        self._early_ends += 1
        if self._early_ends == 1:
            return 0.0
        doublings = min(self._early_ends - 2, 16)
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**doublings)
