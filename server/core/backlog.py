"""What batches leave behind, and how long nothing is under way: whether there is room for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """What happened since the last time.

    ``left``: how many frames full batches left behind, for each frame done. ``idle_s``: the
    seconds in which no call was under way.
    """

    left: float
    idle_s: float


NOTHING = Span(0.0, 0.0)


@dataclass(slots=True)
class Backlog:
    """The sums, which the batcher adds to. ``idle_since`` is None while a call is under way."""

    left: int = 0
    finished: int = 0
    idle_s: float = 0.0
    idle_since: float | None = 0.0

    def span(self, now: float) -> Span:
        """Return what happened since the last time, and begin anew."""
        if self.idle_since is not None:
            self.idle_s += now - self.idle_since
            self.idle_since = now
        span = Span(self.left / max(1, self.finished), self.idle_s)
        self.left = self.finished = 0
        self.idle_s = 0.0
        return span
