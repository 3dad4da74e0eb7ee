"""How long to wait before the next attempt to connect. Pure: randomness is passed in.

Attempt n waits a random time between 0 and 0.5 s x 2^(n-1), at most 15 s ("full jitter"), so that
the clients of a restarted gateway do not all return at the same moment. If the gateway asked for
a wait, it is that one, randomized by half. A session that lasted 5 s starts the count again.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_FIRST_WAIT_S = 0.5
_MAX_WAIT_S = 15.0
_PROVEN_AFTER_S = 5.0
_MAX_DOUBLINGS = 16
# The longest that a gateway can ask for; a proxy's page about maintenance may ask for days.
_MAX_REQUESTED_S = 600.0


class Backoff:
    """The waits of one client. ``random`` returns numbers in 0..1."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._attempt = 0
        self._welcomed_at: float | None = None
        self._requested_s: float | None = None

    def welcomed(self, now: float) -> None:
        """Note that a session was opened."""
        self._welcomed_at = now
        self._requested_s = None

    def request(self, seconds: float) -> None:
        """Wait about this long before the next attempt, as the gateway asked."""
        self._requested_s = min(seconds, _MAX_REQUESTED_S)

    def wait_s(self, now: float) -> float:
        """Note the loss of a connection. Returns the wait before the next attempt."""
        proven = self._welcomed_at is not None and now - self._welcomed_at >= _PROVEN_AFTER_S
        self._attempt = 1 if proven else self._attempt + 1
        self._welcomed_at = None
        requested, self._requested_s = self._requested_s, None
        if requested is not None:
            return requested * (0.5 + self._random())
        doublings = min(self._attempt - 1, _MAX_DOUBLINGS)
        return self._random() * min(_MAX_WAIT_S, math.ldexp(_FIRST_WAIT_S, doublings))
