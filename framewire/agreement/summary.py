"""What comparisons add up to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tally:
    """How many objects of a class both answers have, and how many only one of them has.

    Objects are boxes, poses, and the classes of a picture or of its segmentation.
    """

    matched: int = 0
    missing: int = 0
    added: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.matched + other.matched, self.missing + other.missing, self.added + other.added
        )

    @property
    def objects(self) -> int:
        """The objects of the first answer."""
        return self.matched + self.missing

    @property
    def agreement(self) -> float:
        """The Dice coefficient, 0..1; 1 if neither answer has any object."""
        both = 2 * self.matched
        either = both + self.missing + self.added
        return both / either if either else 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the second answer to a frame differs from the first.

    ``agreement`` is in 0..1. ``tallies`` are by class; empty if the task has no classes.
    ``confused`` counts the objects that both have in the same place, by their two classes.
    ``similarities`` (0..1) and ``shifts``, the second score minus the first, are of the objects
    that match. ``missing`` and ``added`` number the objects of the first and the second answer
    that have no partner.
    """

    agreement: float
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    confused: Mapping[tuple[str, str], int] = field(default_factory=dict)
    similarities: Sequence[float] = ()
    shifts: Sequence[float] = ()
    missing: Sequence[int] = ()
    added: Sequence[int] = ()

    @property
    def difference(self) -> float:
        """How much a person would see: of objects, of places and of scores; 0 if nothing."""
        apart = _mean([1.0 - value for value in self.similarities])
        shifted = _mean([abs(value) for value in self.shifts])
        parts = (1.0 - self.agreement, apart, shifted)
        return math.fsum(part for part in parts if not math.isnan(part))


class Agreement:
    """The sum of many comparisons."""

    def __init__(self) -> None:
        self.frames = 0
        self.tallies: dict[str, Tally] = {}
        self.confused: Counter[tuple[str, str]] = Counter()
        self.similarities: list[float] = []
        self.shifts: list[float] = []
        self._sum = 0.0
        self._unlike = 0.0  # answers of different tasks, and those that are errors

    def add(self, comparison: Comparison) -> None:
        """Add the comparison of one frame."""
        self.frames += 1
        self._sum += comparison.agreement
        if not comparison.tallies:
            self._unlike += 1.0 - comparison.agreement
        for name, tally in comparison.tallies.items():
            self.tallies[name] = self.tallies.get(name, Tally()) + tally
        self.confused.update(comparison.confused)
        self.similarities.extend(comparison.similarities)
        self.shifts.extend(comparison.shifts)

    @property
    def total(self) -> Tally:
        """The objects of all classes."""
        return sum(self.tallies.values(), Tally())

    @property
    def overall(self) -> float:
        """The agreement of all frames, 0..1: of their objects or, without any, their mean.

        NaN without frames.
        """
        if not self.frames:
            return math.nan
        if not self.tallies:
            return self._sum / self.frames
        # A frame that cannot be compared counts as one object.
        both, total = 2 * self.total.matched, self.total
        return both / (both + total.missing + total.added + 2 * self._unlike)

    @property
    def similarity(self) -> float:
        """The mean similarity of what matches; NaN if nothing does."""
        return _mean(self.similarities)

    def shifted(self, by: float) -> float:
        """The share of what matches whose scores changed by more; NaN if nothing matches."""
        return _mean([float(abs(shift) > by) for shift in self.shifts])

    @property
    def shift(self) -> float:
        """The mean change of scores; NaN if nothing matches."""
        return _mean(self.shifts)

    def confusion(self, label: str) -> str | None:
        """Return the class that objects of ``label`` are most often mistaken for, if any."""
        others = {after: n for (before, after), n in self.confused.items() if before == label}
        return max(others, key=others.__getitem__) if others else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
