"""Runners: how the calls of a model reach its graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.concurrency import ConcurrencyLimiter
from modelserver.execution.graph_session import GraphSession


class Runner(Protocol):
    """Runs a graph, for example directly or in batches."""

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        """Feed and fetch tensors by name. Raise ``ServingError``."""

    def close(self) -> None:
        """Free the graph. Wait for all runs first."""


class DirectRunner:
    """Runs each call on its own, as soon as the limiter grants it a slot."""

    def __init__(self, session: GraphSession, limiter: ConcurrencyLimiter) -> None:
        self._session = session
        self._limiter = limiter

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        with self._limiter.slot(deadline):
            return self.run_now(feeds, fetches, deadline)

    def run_now(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        """Run without waiting for a slot."""
        return self._session.run(feeds, fetches, deadline.left())

    def close(self) -> None:
        self._session.close()
