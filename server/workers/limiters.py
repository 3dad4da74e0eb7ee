"""Limits that hold for the sum of all workers, counted in :mod:`server.workers.memory`.

Equal shares would need no memory in common, but all requests on one kept-alive connection reach
one worker: a client would get a fraction of what the settings promise it.
"""

from __future__ import annotations

from collections.abc import Hashable

from server.core.bucket import BucketTable
from server.core.limiters import Limiters
from server.core.quota import Quota
from server.workers.memory import HELD_CELLS, RATE_CELLS, SharedMemory

# Sums of times are rounded: without it, a bucket might never be full again.
_ROUNDING = 1e-6


class SharedLimiters(Limiters):
    """The limits of one of the workers."""

    def __init__(self, memory: SharedMemory, worker: int) -> None:
        self._memory = memory
        self._worker = worker

    def quota(self, name: str, limit: int | None) -> SharedQuota:
        """Return a limit on what one key may hold in all workers."""
        return SharedQuota(self._memory, self._worker, name, limit)

    def buckets(self, name: str, per_second: float, burst: float) -> SharedBuckets:
        """Return a limit on the rate of each key in all workers."""
        return SharedBuckets(self._memory, name, per_second, burst)


class SharedQuota(Quota):
    """How many of something one key holds in all workers."""

    def __init__(self, memory: SharedMemory, worker: int, name: str, limit: int | None) -> None:
        super().__init__(limit)
        self._memory = memory
        self._own = memory.held[worker]
        self._name = name

    def hold(self, key: Hashable) -> None:
        """Hold one more in this worker, whatever the limit."""
        for cell in self._cells(key):
            self._own[cell] += 1

    def release(self, key: Hashable) -> None:
        """Hold one less in this worker."""
        for cell in self._cells(key):
            self._own[cell] -= 1

    def held(self, key: Hashable) -> int:
        """Return how many ``key`` holds in all workers."""
        tables = self._memory.held
        return min(sum(table[cell] for table in tables) for cell in self._cells(key))

    def held_by(self, worker: int, key: Hashable) -> int:
        """Return how many ``key`` holds in one worker."""
        table = self._memory.held[worker]
        return min(table[cell] for cell in self._cells(key))

    def _cells(self, key: Hashable) -> set[int]:
        return self._memory.cells(self._name, key, HELD_CELLS)


class SharedBuckets(BucketTable):
    """A bucket for each key, of which all workers take.

    A cell has the time at which its bucket is full again (the generic cell rate algorithm), so
    zero is a full bucket, and one store replaces its whole state. Linux has one monotonic clock
    for all processes.
    """

    def __init__(self, memory: SharedMemory, name: str, per_second: float, burst: float) -> None:
        super().__init__(per_second, burst)
        self._memory = memory
        self._name = name
        self._interval_s = 1.0 / per_second
        self._capacity = burst

    def allows(self, key: Hashable, now: float, cost: float = 1.0) -> bool:
        """Spend ``cost`` of ``key`` at ``now`` (monotonic seconds), if it has that much."""
        rates, cells = self._memory.rates, self._cells(key)
        full_at = max(now, min(rates[cell] for cell in cells))
        if (full_at - now) / self._interval_s + cost > self._capacity + _ROUNDING:
            return False
        full_at += cost * self._interval_s
        for cell in cells:
            rates[cell] = max(rates[cell], full_at)
        return True

    def wait_s(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Return the seconds until ``key`` can spend ``cost``."""
        full_at = min(self._memory.rates[cell] for cell in self._cells(key))
        return max(0.0, full_at - now + (cost - self._capacity) * self._interval_s)

    def _cells(self, key: Hashable) -> set[int]:
        return self._memory.cells(self._name, key, RATE_CELLS)
