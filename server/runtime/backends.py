"""The state of each model server, for the statistics and ``/readyz``."""

from __future__ import annotations

from collections.abc import Sequence

from server.core.balancing import BackendStatus, Balancer
from server.core.batch import Statistics
from server.core.health import State


class Backends:
    """One model server at ``address``, or those of ``balancer``."""

    def __init__(self, address: str, balancer: Balancer | None) -> None:
        self.reachable = False
        self.several = balancer is not None
        self._address = address
        self._balancer = balancer

    def statuses(self, batching: Statistics, results: int) -> Sequence[BackendStatus]:
        """Return a snapshot. A single model server has all calls, and has answered ``results``."""
        if self._balancer is not None:
            return self._balancer.statistics()
        state: State = "ready" if self.reachable else "unreachable"
        calls, slots = batching.calls, batching.slots
        return [BackendStatus(self._address, state, "", calls, slots, results)]
