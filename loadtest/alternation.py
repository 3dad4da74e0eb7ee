"""Two things measured in turns, so that whatever else the machine does hits both alike.

A round measures each of them once, and the order changes from round to round. Rounds in which other
processes used much of the machine do not count: their figures would say more about that work.
"""

from __future__ import annotations

import math
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from loadtest import procfs
from loadtest.measure import percentile

BUSY_CORES = 0.15
"""What other processes may use on average while a round counts."""
ALPHA = 0.05
"""The share of intervals that miss the true value."""
RESAMPLES = 400
_WORK = (0, 1, 2, 7)
"""Of the columns in /proc/stat: user, nice, system, and stolen by other virtual machines.

Interrupts are left out: what is measured causes some too, and they are in no process's account.
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Round(Generic[T]):
    """What was measured without and with something, and the cores that others used meanwhile."""

    without: T
    with_it: T
    other_cores: float

    @property
    def counts(self) -> bool:
        """Whether the machine was free enough."""
        return self.other_cores <= BUSY_CORES


@dataclass(frozen=True)
class Estimate:
    """A relative difference, and the interval that contains the true one with 95 %."""

    value: float
    low: float
    high: float

    @property
    def margin(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate of something that is proportional to the difference."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def __str__(self) -> str:
        return f"{self.value:+.1%} (95 %: {self.low:+.1%} to {self.high:+.1%})"


class OtherWork:
    """The processor time that is used by none of ``pids`` and not by this process."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids

    def seconds(self) -> float:
        """Return that time since the machine started."""
        line = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
        ticks = [int(field) for field in line.split()[1:]]
        busy = sum(ticks[column] for column in _WORK)
        own = sum(os.times()[:2]) + sum(procfs.cpu_s(pid) for pid in self._pids)
        return busy / os.sysconf("SC_CLK_TCK") - own


def alternate(
    measure: Callable[[bool], T], others: OtherWork, rounds: int, first: bool = False
) -> Iterator[Round[T]]:
    """Yield rounds. ``measure`` is called with True and False; ``first`` is which comes first."""
    for _ in range(rounds):
        before, began = others.seconds(), time.monotonic()
        measured = {with_it: measure(with_it) for with_it in (first, not first)}
        used_s = others.seconds() - before
        cores = max(0.0, used_s / (time.monotonic() - began))
        yield Round(measured[False], measured[True], cores)
        first = not first


def of_ratios(ratios: Sequence[float]) -> Estimate:
    """Return the median of ratios minus 1, with an interval that assumes no distribution."""
    ordered = sorted(ratios)
    below, rank, count = 0.0, 0, len(ordered)
    while rank < count // 2:
        below += math.comb(count, rank) / 2**count
        if below > ALPHA / 2:
            break
        rank += 1
    low = ordered[rank - 1] if rank else -math.inf
    high = ordered[-rank] if rank else math.inf
    return Estimate(statistics.median(ordered) - 1, low - 1, high - 1)


def of_percentiles(rounds: Sequence[Round[Sequence[float]]], share: float) -> Estimate:
    """Return how much larger a percentile of all values is with it.

    The interval is that of bootstrapping: rounds are drawn again and again, with replacement.
    """
    dice = random.Random(1)
    drawn = sorted(_ratio(dice.choices(rounds, k=len(rounds)), share) for _ in range(RESAMPLES))
    edge = int(RESAMPLES * ALPHA / 2)
    return Estimate(_ratio(rounds, share) - 1, drawn[edge] - 1, drawn[-1 - edge] - 1)


def _ratio(rounds: Sequence[Round[Sequence[float]]], share: float) -> float:
    with_it = _percentile([measured.with_it for measured in rounds], share)
    return with_it / _percentile([measured.without for measured in rounds], share)


def _percentile(groups: Sequence[Sequence[float]], share: float) -> float:
    return percentile([value for group in groups for value in group], share)


class Verdict(NamedTuple):
    """Whether a bound is held, and how sure that is in words."""

    held: bool
    words: str


def verdict(rounds: Sequence[Round[T]], estimate: Estimate | None, bound: float) -> Verdict:
    """Return what a measurement says about ``bound``, or why it says nothing."""
    counted = sum(measured.counts for measured in rounds)
    if estimate is None or counted < len(rounds) / 2:
        most = max(measured.other_cores for measured in rounds)
        return Verdict(
            False,
            f"the machine was too busy: only {counted} of {len(rounds)} rounds count, because "
            f"other processes used up to {most:.1f} cores (at most {BUSY_CORES:g})",
        )
    if estimate.margin > bound:
        words = f"undecided: the interval is too wide for a bound of {bound:.0%}; run more rounds"
        return Verdict(False, words)
    held = estimate.value <= bound
    state = "held" if held else "NOT HELD"
    return Verdict(held, f"bound {bound:.0%}: {state}, in {counted} of {len(rounds)} rounds")
