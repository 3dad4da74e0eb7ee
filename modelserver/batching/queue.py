"""Decide which requests form the next batch, and when it is ready. No clock, no threads.

Worst wait of an accepted request: ``timeout_s``, plus the run time of the batches ahead of it, of
which there are at most ``max_batches``. With a timeout of 0, a batch is ready as soon as it has a
request.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from modelserver.status import Code, ServingError, invalid

T = TypeVar("T")


@dataclass
class _Batch(Generic[T]):
    opened_at: float
    items: list[T] = field(default_factory=list)
    size: int = 0


class BatchQueue(Generic[T]):
    """A queue of batches of one kind of request; only the last batch is open.

    A batch holds up to ``max_size`` items and stays open for ``timeout_s`` seconds after its first
    request. At most ``max_batches`` batches wait.
    """

    def __init__(self, max_size: int, timeout_s: float, max_batches: int) -> None:
        self._max_size = max_size
        self._timeout_s = timeout_s
        self._max_batches = max_batches
        self._batches: deque[_Batch[T]] = deque()

    def offer(self, request: T, size: int, now: float) -> None:
        """Add a request of ``size`` items to the open batch, or to a new one.

        Raise ``ServingError`` with INVALID_ARGUMENT if the request is larger than a batch, and with
        UNAVAILABLE if the queue is full.
        """
        if size > self._max_size:
            raise invalid(
                f"Task size {size} is larger than maximum input batch size {self._max_size}"
            )
        if self.room() < size:
            if len(self._batches) >= self._max_batches:
                raise ServingError(
                    Code.UNAVAILABLE,
                    "The batch scheduling queue to which this task was submitted is full; "
                    f"currently {len(self._batches)} batches enqueued and max_enqueued_batches "
                    f"is {self._max_batches}",
                )
            self._batches.append(_Batch(now))
        batch = self._batches[-1]
        batch.items.append(request)
        batch.size += size

    def room(self) -> int:
        """Return how many items the open batch can still take; 0 if no batch is open."""
        return self._max_size - self._batches[-1].size if self._batches else 0

    def ready_at(self) -> float | None:
        """Return when the next batch is ready; ``None`` if there is none."""
        if not self._batches:
            return None
        first = self._batches[0]
        is_closed = len(self._batches) > 1 or first.size >= self._max_size
        return first.opened_at if is_closed else first.opened_at + self._timeout_s

    def take(self, now: float) -> list[T]:
        """Remove the next batch and return its requests; empty if it is not ready."""
        ready_at = self.ready_at()
        if ready_at is None or ready_at > now:
            return []
        return self._batches.popleft().items
