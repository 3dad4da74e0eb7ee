"""What became of one session's frames in each of the last sixty seconds.

Seconds without an outcome take no room, so a silent session costs nothing, and a busy one a
minute's worth.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from server.core.messages import Dropped, Error, Result, ServerMessage

MINUTE_S = 60


@dataclass(slots=True)
class Second:
    """One second. ``age_ms`` is the sum over its results, ``oldest_ms`` the highest."""

    at: int
    results: int = 0
    dropped: int = 0
    errors: int = 0
    age_ms: float = 0.0
    oldest_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Frames per second by outcome, and the ages of the results; None without a result."""

    results: float
    lost: float
    age_ms: float | None
    oldest_ms: float | None


class Activity:
    """The outcomes of one session. Pure: time is an argument, in monotonic seconds.

    ``losses`` counts the frames without a result since its start, by the outcome's type and
    reason or error code.
    """

    __slots__ = ("_seconds", "losses", "results")

    def __init__(self) -> None:
        self.results = 0
        self.losses: Counter[tuple[str, str]] = Counter()
        self._seconds: deque[Second] = deque(maxlen=MINUTE_S + 1)

    def count(self, message: ServerMessage, now: float) -> None:
        """Count a message to the client, if it is a frame's outcome."""
        if isinstance(message, Result):
            second = self._second(now)
            second.results += 1
            age_ms = message.timing_ms.total
            second.age_ms += age_ms
            second.oldest_ms = max(second.oldest_ms, age_ms)
            self.results += 1
        elif isinstance(message, Dropped):
            self._second(now).dropped += 1
            self.losses["dropped", message.reason] += 1
        elif isinstance(message, Error) and message.id is not None:
            self._second(now).errors += 1
            self.losses["error", message.code] += 1

    def minute(self, now: float) -> list[Second]:
        """Return the seconds with outcomes among the last sixty, the oldest first.

        The current second, which has not ended, is left out.
        """
        return self._between(int(now) - MINUTE_S, int(now))

    def rates(self, now: float, seconds: int) -> Rates:
        """Return the rates over the last whole ``seconds``."""
        return _rates(self._between(int(now) - seconds, int(now)), seconds)

    def _between(self, first: int, end: int) -> list[Second]:
        return [second for second in self._seconds if first <= second.at < end]

    def _second(self, now: float) -> Second:
        at = int(now)
        if not self._seconds or self._seconds[-1].at != at:
            self._seconds.append(Second(at))
        return self._seconds[-1]


def _rates(seconds: Sequence[Second], span_s: int) -> Rates:
    results = sum(second.results for second in seconds)
    lost = sum(second.dropped + second.errors for second in seconds)
    if not results:
        return Rates(0.0, lost / span_s, None, None)
    age_ms = sum(second.age_ms for second in seconds) / results
    oldest_ms = max(second.oldest_ms for second in seconds)
    return Rates(results / span_s, lost / span_s, age_ms, oldest_ms)
