"""Who is in the next batch, and when. No clock and no thread: time is an argument.

The worst wait of a request that is let in: ``timeout_s``, then the batches before it, of which
there are at most ``max_batches``, each as long as a run takes. With a timeout of 0 a batch is
ready as soon as it has one request.
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
    """Batches of one kind of request; the last of them is open.

    Args:
        max_size: items of a batch.
        timeout_s: how long an open batch waits for more, counted from its first request.
        max_batches: batches that may wait.
    """

    def __init__(self, max_size: int, timeout_s: float, max_batches: int) -> None:
        self._max_size = max_size
        self._timeout_s = timeout_s
        self._max_batches = max_batches
        self._batches: deque[_Batch[T]] = deque()

    def offer(self, request: T, size: int, now: float) -> None:
        """Put a request of `size` items into the open batch, or into a new one.

        Raises:
            ServingError: INVALID_ARGUMENT if no batch can hold it, UNAVAILABLE if all are full.
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
        """Items that the open batch can still take; 0 without one."""
        return self._max_size - self._batches[-1].size if self._batches else 0

    def ready_at(self) -> float | None:
        """When the next batch may be taken; None while there is none."""
        if not self._batches:
            return None
        first = self._batches[0]
        is_closed = len(self._batches) > 1 or first.size >= self._max_size
        return first.opened_at if is_closed else first.opened_at + self._timeout_s

    def take(self, now: float) -> list[T]:
        """The requests of the next batch, if it is ready."""
        ready_at = self.ready_at()
        if ready_at is None or ready_at > now:
            return []
        return self._batches.popleft().items
