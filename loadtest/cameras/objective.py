"""Objectives: what the load must meet for the command to succeed, such as ``p95_ms=200``. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from export.suggestions import did_you_mean
from loadtest.cameras.summary import Summary
from loadtest.measure import Measure


@dataclass(frozen=True)
class Figure:
    """A figure that can be bounded: from below if ``at_least``, otherwise from above.

    ``most`` is the largest value that it can have.
    """

    meaning: str
    read: Callable[[Summary], float]
    unit: str = ""
    at_least: bool = False
    most: float = math.inf


def _age(percent: float) -> Figure:
    what = "the oldest result" if percent == 100 else f"p{percent:g} of the results' age"
    return Figure(f"{what}, at most this many ms", partial(Summary.age_ms, percent=percent), "ms")


FIGURES = {
    "p50_ms": _age(50),
    "p90_ms": _age(90),
    "p95_ms": _age(95),
    "p99_ms": _age(99),
    "p999_ms": _age(99.9),
    "max_ms": _age(100),
    "answered": Figure(
        "results / frames captured, at least (0..1)",
        lambda summary: summary.answered,
        at_least=True,
        most=1.0,
    ),
    "errors": Figure(
        "errors / frames captured, at most (0..1)", lambda summary: summary.failed, most=1.0
    ),
    "frames_per_s": Figure(
        "results per second, at least", lambda summary: summary.frames_per_s, at_least=True
    ),
}


@dataclass(frozen=True)
class Objective:
    """One bound: the name of a figure and the value that it must not exceed, or reach."""

    name: str
    bound: float

    def measure(self, summary: Summary) -> Measure:
        """Return the figure beside its bound."""
        figure = FIGURES[self.name]
        return Measure(
            self.name, figure.read(summary), self.bound, figure.unit, at_least=figure.at_least
        )

    def __str__(self) -> str:
        return f"{self.name}={self.bound:g}"


def parse(text: str) -> tuple[Objective, ...]:
    """Return the objectives of a list such as ``p95_ms=200,answered=0.99``. Raises ValueError."""
    return tuple(_parse(part.strip()) for part in text.split(","))


def _parse(text: str) -> Objective:
    name, _, bound = (part.strip() for part in text.partition("="))
    if name not in FIGURES:
        hint = did_you_mean(name, FIGURES) or f"; choose from {', '.join(FIGURES)}"
        raise ValueError(f"there is no objective {name!r}{hint}")
    try:
        value = float(bound)
    except ValueError:
        sample = "200" if name.endswith("_ms") else "0.99"
        raise ValueError(f"{name} needs a number, such as {name}={sample}, not {text!r}") from None
    most = FIGURES[name].most
    if not 0 <= value <= most or math.isinf(value):
        span = "from 0 on" if math.isinf(most) else f"from 0 to {most:g}"
        raise ValueError(f"{name} needs a number {span}, not {bound}")
    return Objective(name, value)


def measures(objectives: Sequence[Objective], summary: Summary) -> list[Measure]:
    """Return each figure beside its bound."""
    return [objective.measure(summary) for objective in objectives]
