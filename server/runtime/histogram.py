"""Counts of values by size."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0)

FINE_SECONDS = tuple(round(0.001 * 10 ** (step / 48), 6) for step in range(4 * 48 + 1))
"""1 ms to 10 s in steps of 5 %: fine enough for percentiles."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often values fell into each bucket.

    ``counts[i]`` are the values above ``bounds[i - 1]`` and up to ``bounds[i]``; the
    last of ``counts`` has no upper bound. ``total`` is the sum of all values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


class Histogram:
    """Counts values in buckets with the upper bounds ``bounds``."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value that occurred ``times`` times."""
        self._counts[bisect_left(self._bounds, value)] += times
        self._total += value * times

    def observe_each(self, values: Iterable[float]) -> None:
        """Count each of ``values``."""
        for value in values:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._total += value

    def snapshot(self) -> Distribution:
        """Return what was counted so far."""
        return Distribution(self._bounds, tuple(self._counts), self._total)
