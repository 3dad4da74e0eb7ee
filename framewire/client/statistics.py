"""What a client has sent and received, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from framewire.client.outcomes import Dropped, Failed, Outcome


@dataclass(frozen=True, slots=True)
class Statistics:
    """A snapshot of a client's figures.

    ``dropped`` counts by reason, ``failed`` by code. ``outstanding`` frames have no outcome yet,
    and ``limit`` is how many may be so now. ``round_trip_ms`` excludes queueing; None: unknown.
    """

    state: str
    offered: int
    sent: int
    results: int
    dropped: Mapping[str, int]
    failed: Mapping[str, int]
    outstanding: int
    limit: int
    source_frames_per_s: float
    round_trip_ms: float | None


class Counts:
    """Frames offered, and their outcomes."""

    def __init__(self) -> None:
        self.offered = 0
        self.results = 0
        self.dropped: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if isinstance(outcome, Dropped):
            self.dropped[outcome.reason] += 1
        elif isinstance(outcome, Failed):
            self.failed[outcome.code] += 1
        else:
            self.results += 1
