"""What runs a model's graph for its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.concurrency import ConcurrencyLimiter
from modelserver.execution.graph_session import GraphSession


class Runner(Protocol):
    """Runs a graph, however that is arranged."""

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        """Run tensors by name; raises ServingError."""

    def close(self) -> None:
        """Free the graph. No run may be under way."""


class DirectRunner:
    """Runs each call by itself, when its turn comes."""

    def __init__(self, session: GraphSession, turns: ConcurrencyLimiter) -> None:
        self._session = session
        self._turns = turns

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        with self._turns.take(deadline):
            return self.run_now(feeds, fetches, deadline)

    def run_now(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        """Run without waiting for a turn."""
        return self._session.run(feeds, fetches, deadline.left())

    def close(self) -> None:
        self._session.close()
