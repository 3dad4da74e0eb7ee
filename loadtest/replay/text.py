"""A replay's summary as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from loadtest.measure import Measure, percentile
from loadtest.replay.summary import Summary

_WIDTH = 18
_OUTCOME = 26


def text(
    summary: Summary,
    url: str,
    sessions: int,
    measures: Sequence[Measure],
    failures: Mapping[str, int],
) -> str:
    """Return the summary, a few lines per subject."""
    return "\n".join(_lines(summary, url, sessions, measures, failures))


def counted(number: int, thing: str) -> str:
    """Return a number of things."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _lines(
    summary: Summary,
    url: str,
    sessions: int,
    measures: Sequence[Measure],
    failures: Mapping[str, int],
) -> Iterator[str]:
    yield f"{counted(summary.frames, 'frame')} of {counted(sessions, 'session')}, sent again"
    yield _line("gateway", url)
    yield _line("model", f"{_names(summary.recorded_versions)} recorded")
    yield _line("", f"{_names(summary.replayed_versions)} now")
    yield f"{'outcome':<{_OUTCOME}}{'recorded':>9}{'now':>9}"
    for name in sorted({*summary.recorded, *summary.replayed}, key=lambda one: one != "result"):
        counts = summary.recorded.get(name, 0), summary.replayed.get(name, 0)
        yield f"  {name:<{_OUTCOME - 2}}{counts[0]:>9}{counts[1]:>9}"
    yield _line("age of a result", f"{_ages(summary.recorded_ms)} recorded")
    yield _line("", f"{_ages(summary.replayed_ms)} now")
    yield _line("timing", f"the latest frame was sent {summary.late_ms:.1f} ms too late")
    yield from _agreement(summary)
    for reason, count in failures.items():
        yield _line("session failures", f"{count} x {reason}")
    for measure in measures:
        yield _line("limit", str(measure))


def _agreement(summary: Summary) -> Iterator[str]:
    agreement = summary.agreement
    if not agreement.frames:
        yield _line("agreement", "nothing to compare")
        return
    parts = [f"{agreement.overall:.3f} in {counted(agreement.frames, 'frame')}"]
    if not math.isnan(agreement.similarity):
        parts.append(f"similarity {agreement.similarity:.3f}")
    if not math.isnan(agreement.shift):
        parts.append(f"scores {agreement.shift:+.3f}")
    yield _line("agreement", ", ".join(parts))
    if agreement.tallies:
        total = agreement.total
        counts = f"{total.objects} recorded, {total.missing} missing, {total.added} new"
        yield _line("objects", counts)


def _ages(ages: Sequence[float]) -> str:
    if not ages:
        return "no result was"
    return f"p50 {percentile(ages, 0.5):.1f} ms, p95 {percentile(ages, 0.95):.1f} ms"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "no result"


def _line(name: str, value: str) -> str:
    return f"{name:<{_WIDTH}}{value}"
