"""The distribution of the ages in the text format of HdrHistogram, which its plotters read."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtest import measure

_TICKS_PER_HALF_DISTANCE = 5
_HEADER = f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}\n"


def write(path: Path, ages_ms: Sequence[float]) -> None:
    """Write the distribution of ``ages_ms``, which are sorted."""
    path.write_text("\n".join([_HEADER, *_lines(ages_ms)]) + "\n", encoding="ascii")


def _lines(ages_ms: Sequence[float]) -> Iterator[str]:
    count = len(ages_ms)
    for share in shares(count):
        rank = measure.rank(count, share)
        beyond = f" {1 / (1 - share):14.2f}" if share < 1 else ""
        yield f"{ages_ms[rank - 1]:12.3f} {share:2.12f} {rank:10d}{beyond}"
    if count:
        mean, deviation = statistics.fmean(ages_ms), statistics.pstdev(ages_ms)
        yield f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]"
        yield f"#[Max     = {ages_ms[-1]:12.3f}, TotalCount     = {count:12d}]"


def shares(count: int) -> Iterator[float]:
    """Yield the fractions 0..1 that the format lists for ``count`` values.

    The steps become half as long with each half of the distance to 1, until less than one value
    lies beyond.
    """
    share = 0.0
    while (1 - share) * count >= 1:
        yield share
        halves = math.floor(math.log2(1 / (1 - share))) + 1
        share += 1 / (_TICKS_PER_HALF_DISTANCE * 2**halves)
    if count:
        yield 1.0
