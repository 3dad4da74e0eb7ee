"""How the answers of shadows compare with those that users got: counts, and snapshots of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from framewire import agreement
from server.core.lru import LRU
from server.runtime.histogram import SECONDS, Distribution, Histogram

SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
OVERLAPS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
SHIFTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

CURRENT, CANDIDATE = "current", "candidate"
UP, DOWN = "up", "down"

MAX_COMPARISONS = 8
"""Pairs of versions that are counted one by one; the least recently used is evicted."""
MAX_CLASSES = 100
OTHER = "other"
"""What the classes beyond ``MAX_CLASSES`` of a pair are counted as."""


class ComparisonKey(NamedTuple):
    """A version of a model in use, and the candidate that it is compared with, as text."""

    model: str
    version: str
    candidate: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was counted for one pair of versions.

    ``frames``: chosen frames by what became of them: ``compared``, ``skipped`` (a newer one came
    before there was room), ``unsupported`` (the candidate does not take its format), or the code
    of the candidate's error. ``objects``: by class and ``paired``, ``missed`` or ``added``.
    ``share`` has one value for each compared frame, ``iou`` and ``shift`` (by direction) one for
    each pair of objects, whose similarity is that of their task. ``call_s``: Predict calls with a
    single frame, by whose they are.
    """

    key: ComparisonKey
    frames: Mapping[str, int]
    objects: Mapping[tuple[str, str], int]
    share: Distribution
    iou: Distribution
    shift: Mapping[str, Distribution]
    call_s: Mapping[str, Distribution]


class _Counts:
    """The running counts behind one :class:`Comparison`."""

    def __init__(self) -> None:
        self.frames: Counter[str] = Counter()
        self.objects: Counter[tuple[str, str]] = Counter()
        self.classes: set[str] = set()
        self.share = Histogram(SHARES)
        self.iou = Histogram(OVERLAPS)
        self.shift = {direction: Histogram(SHIFTS) for direction in (UP, DOWN)}
        self.call_s = {whose: Histogram(SECONDS) for whose in (CURRENT, CANDIDATE)}

    def compared(self, comparison: agreement.Comparison) -> None:
        """Count a compared frame."""
        self.frames["compared"] += 1
        self.share.observe(comparison.agreement)
        for similarity in comparison.similarities:
            self.iou.observe(similarity)
        for shift in comparison.shifts:
            self.shift[UP if shift > 0 else DOWN].observe(abs(shift))
        for kind, tally in comparison.tallies.items():
            self._count(kind, "paired", tally.matched)
            self._count(kind, "missed", tally.missing)
            self._count(kind, "added", tally.added)

    def snapshot(self, key: ComparisonKey) -> Comparison:
        """Return what was counted so far."""
        return Comparison(
            key,
            dict(self.frames),
            dict(self.objects),
            self.share.snapshot(),
            self.iou.snapshot(),
            {direction: counts.snapshot() for direction, counts in self.shift.items()},
            {whose: counts.snapshot() for whose, counts in self.call_s.items()},
        )

    def _count(self, kind: str, verdict: str, objects: int) -> None:
        if not objects:
            return
        if len(self.classes) < MAX_CLASSES:
            self.classes.add(kind)
        self.objects[kind if kind in self.classes else OTHER, verdict] += objects


class Comparisons:
    """The running counts of all pairs of versions."""

    def __init__(self) -> None:
        self._counts: LRU[ComparisonKey, _Counts] = LRU(MAX_COMPARISONS, _Counts)

    def frame(self, key: ComparisonKey, outcome: str) -> None:
        """Count a frame that was not compared: ``skipped``, ``unsupported`` or an error code."""
        self._counts.of(key).frames[outcome] += 1

    def compared(self, key: ComparisonKey, comparison: agreement.Comparison) -> None:
        """Count a compared frame."""
        self._counts.of(key).compared(comparison)

    def took(self, key: ComparisonKey, whose: str, seconds: float) -> None:
        """Count the duration of a call with a single frame."""
        self._counts.of(key).call_s[whose].observe(seconds)

    def snapshot(self) -> list[Comparison]:
        """Return what was counted for each pair."""
        return [counts.snapshot(key) for key, counts in self._counts.items()]
