"""Figures and the bounds that they must keep."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

_MOST_EXTRA = 6


@dataclass(frozen=True)
class Measure:
    """One figure and its bound: the least if ``at_least``, otherwise the most."""

    name: str
    measured: float
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def held(self) -> bool:
        """Whether the figure keeps its bound; one that could not be measured does not."""
        if math.isnan(self.measured):
            return False
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def loosened(self, factor: float) -> Measure:
        """Return this measure with a bound that is ``factor`` times as wide."""
        bound = self.bound / factor if self.at_least else self.bound * factor
        return Measure(self.name, self.measured, bound, self.unit, self.at_least)

    def __str__(self) -> str:
        relation = ">=" if self.at_least else "<="
        verdict = "" if self.held else "  NOT HELD"
        return f"{self.name}: {self.figure} ({relation} {quantity(self.bound, self.unit)}){verdict}"

    @property
    def figure(self) -> str:
        """The figure with its unit, and the digits that show on which side of its bound it is."""
        if math.isnan(self.measured):
            return "not measured"
        for extra in range(_MOST_EXTRA):
            shown = float(_digits(self.measured, extra).replace(",", ""))
            if replace(self, measured=shown).held == self.held:
                break
        return quantity(self.measured, self.unit, extra)


def quantity(value: float, unit: str, extra: int = 0) -> str:
    """Return ``value`` with three significant digits or all of its integer ones, and its unit.

    ``extra``: the number of further digits.
    """
    return f"{_digits(value, extra)} {unit}".strip()


def _digits(value: float, extra: int) -> str:
    return f"{value:,.{extra}f}" if abs(value) >= 100 else f"{value:.{3 + extra}g}"


def counted(outcomes: Counter[str]) -> str:
    """Return how often each outcome occurred, the most frequent first."""
    return ", ".join(f"{count} {name}" for name, count in outcomes.most_common()) or "none"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that the fraction ``share`` of ``values`` do not exceed, or NaN."""
    if not values:
        return math.nan
    return sorted(values)[rank(len(values), share) - 1]


def rank(count: int, share: float) -> int:
    """Return the least rank, from 1 on, that the fraction ``share`` of ``count`` do not exceed."""
    return max(1, math.ceil(count * share - 1e-6))  # 0.7 + 0.05 is more than 0.75
