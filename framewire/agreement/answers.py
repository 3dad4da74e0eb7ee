"""An answer to a frame, as a session got it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """The task's fields of a ``result``, and the names of its classes by index."""

    fields: Mapping[str, Any]
    labels: Sequence[str] = ()

    def name(self, index: int) -> str:
        """Return the name of a class, or its index as text."""
        return self.labels[index] if 0 <= index < len(self.labels) else str(index)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a session left out of its results: weak scores, and results beyond a number."""

    min_score: float = 0.0
    max_results: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Cut:
        """Return what a session with these options left out. Raises TypeError or ValueError."""
        return cls(float(options.get("min_score") or 0.0), options.get("max_results"))
