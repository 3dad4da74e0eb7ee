"""How many frames may be outstanding, and when to pause. Pure: ``now`` is in monotonic seconds.

The limit is the source's frame rate times the round trip, plus one, and never more than the
gateway's window. More would not raise the rate; it would only make every frame older. The round
trip is a low percentile of recent ones: an average would include the queues that a high limit
itself creates.

A gateway without capacity or model makes the client pause: 250 ms at first, then twice as long
each time, up to 2 s. The first result ends the pause. A rate that the gateway advises (``pace``)
holds between any two frames in a row, until the next advice.
"""

from __future__ import annotations

import math
from collections import deque

_RATE_SPAN_S = 2.0
_TRIP_SPAN_S = 10.0
_MAX_SAMPLES = 64
_LOW_PERCENTILE = 0.1
_FIRST_PAUSE_S = 0.25
_MAX_PAUSE_S = 2.0


class Pacing:
    """Measures the source and the round trip, and remembers pauses and advice."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=_MAX_SAMPLES)
        self._trips: deque[tuple[float, float]] = deque(maxlen=_MAX_SAMPLES)
        self._pause_until = -math.inf
        self._pause_s = _FIRST_PAUSE_S
        self._interval_s = 0.0
        self._next_at = -math.inf

    def restart(self) -> None:
        """Forget round trips and pauses: for another connection or model."""
        self._trips.clear()
        self._resume()

    def frame_seen(self, now: float) -> None:
        """Note that the source had a frame, whether or not it will be sent."""
        self._seen.append(now)
        while self._seen[0] < now - _RATE_SPAN_S:
            self._seen.popleft()

    def sent(self, now: float) -> None:
        """Note a frame sent. One that is late does not delay the one after it."""
        self._next_at = max(self._next_at, now - self._interval_s) + self._interval_s

    def answered(self, now: float, trip_s: float) -> None:
        """Note a result, ``trip_s`` after its frame was sent."""
        self._trips.append((now, trip_s))
        while self._trips[0][0] < now - _TRIP_SPAN_S:
            self._trips.popleft()
        self._resume()

    def failed(self, now: float) -> None:
        """Note that the gateway had no capacity. Failures during a pause do not extend it."""
        if now < self._pause_until:
            return
        self._pause_until = now + self._pause_s
        self._pause_s = min(_MAX_PAUSE_S, 2 * self._pause_s)

    def advise(self, now: float, frames_per_s: float | None) -> None:
        """Take the gateway's advice; None: no limit."""
        self._interval_s = 1 / frames_per_s if frames_per_s else 0.0
        self._next_at = min(self._next_at, now + self._interval_s)

    def pause_s(self, now: float) -> float:
        """Return the seconds until the next frame may be sent."""
        return max(0.0, self._pause_until - now, self._next_at - now)

    def rate(self) -> float:
        """Return the source's frames per second, 0 while unknown."""
        span = self._seen[-1] - self._seen[0] if self._seen else 0.0
        return (len(self._seen) - 1) / span if span > 0 else 0.0

    def trip_s(self) -> float | None:
        """Return the round trip without queueing, None while unknown."""
        if not self._trips:
            return None
        trips = sorted(trip for _, trip in self._trips)
        return trips[int(_LOW_PERCENTILE * len(trips))]

    def limit(self, window: int) -> int:
        """Return how many frames may be outstanding, 1 to ``window``."""
        useful = math.ceil(self.rate() * (self.trip_s() or 0.0)) + 1
        return max(1, min(window, useful))

    def _resume(self) -> None:
        self._pause_until = -math.inf
        self._pause_s = _FIRST_PAUSE_S
