"""How many lines of one kind a log takes, so that a client cannot fill a disk.

Each kind may write ``BURST`` lines at once and ``LINES_PER_S`` after that. Lines above
that are counted, and the next line of the kind says how many they were. A kind whose flood has
ended says so within ``REPORT_S``. Worst case: ``LINES_PER_S`` for each kind; a kind is a
place in the code, so clients cannot make new ones.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from server.core.bucket import TokenBucket

K = TypeVar("K", bound=Hashable)

LINES_PER_S = 2.0
BURST = 50
REPORT_S = 10.0


@dataclass(slots=True)
class _Kind:
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(LINES_PER_S, BURST))
    omitted: int = 0
    since: float = 0.0


class LogBudget(Generic[K]):
    """The policy above. Pure: time is an argument, in monotonic seconds."""

    def __init__(self) -> None:
        self._kinds: dict[K, _Kind] = {}

    def admit(self, kind: K, now: float) -> int | None:
        """Return how many lines of ``kind`` were omitted before this one; None: so is this one."""
        entry = self._kinds.setdefault(kind, _Kind())
        if entry.bucket.allows(now):
            omitted, entry.omitted = entry.omitted, 0
            return omitted
        if not entry.omitted:
            entry.since = now
        entry.omitted += 1
        return None

    def overdue(self, now: float) -> list[tuple[K, int]]:
        """Return which kinds have omitted lines for ``REPORT_S``, and how many, and begin anew."""
        found = []
        for kind, entry in list(self._kinds.items()):
            if entry.omitted and now - entry.since >= REPORT_S:
                found.append((kind, entry.omitted))
                entry.omitted = 0
        return found
