"""A line of the table: what is measured, what was reached, and the target."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.measure import Measure


@dataclass(frozen=True)
class Line:
    """A figure beside its target, and what else to know about how it was reached."""

    measure: Measure
    note: str = ""

    def __str__(self) -> str:
        return f"{self.measure}" + (f"  ({self.note})" if self.note else "")


@dataclass(frozen=True)
class Length:
    """How often and how long each figure is measured, in rounds and seconds."""

    rounds: int
    seconds: float
    memory_s: float


FULL = Length(10, 4.0, 60.0)
QUICK = Length(1, 1.0, 3.0)
