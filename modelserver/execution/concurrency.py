"""Limits on concurrent runs of a model, with a bounded queue.

Two or three concurrent runs keep all processors busy; more only slow each other down. So a model
has a few slots, and further calls wait in a first-in, first-out queue. A call whose deadline passes
while it waits is never run.

Worst wait of an accepted call: ``waiting / slots`` runs of the model, or its deadline.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from modelserver.deadline import Deadline
from modelserver.status import Code, ServingError


class ConcurrencyStatistics(NamedTuple):
    """A snapshot: running calls, waiting calls, and the limits of both."""

    running: int
    waiting: int
    slots: int
    max_waiting: int


class ConcurrencyLimiter:
    """A number of slots, and a bounded first-in, first-out queue for them."""

    def __init__(self, slots: int, max_waiting: int) -> None:
        self._slots = slots
        self._max_waiting = max_waiting
        self._running = 0
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def slot(self, deadline: Deadline) -> Iterator[None]:
        """Hold a slot for the duration of a ``with`` block.

        Raise ``ServingError`` with RESOURCE_EXHAUSTED, immediately, if the queue is full; with
        DEADLINE_EXCEEDED if no slot became free in time.
        """
        self._acquire(deadline)
        try:
            yield
        finally:
            self._release()

    def statistics(self) -> ConcurrencyStatistics:
        """Return a snapshot of the slots and the queue."""
        with self._lock:
            return ConcurrencyStatistics(
                self._running, len(self._queue), self._slots, self._max_waiting
            )

    def _acquire(self, deadline: Deadline) -> None:
        left = deadline.left()
        with self._lock:
            if self._running < self._slots:
                self._running += 1
                return
            if len(self._queue) >= self._max_waiting:
                raise ServingError(
                    Code.RESOURCE_EXHAUSTED,
                    "the model's queue is full; try again later",
                )
            granted = threading.Event()
            self._queue.append(granted)
        if not granted.wait(left):
            self._leave_queue(granted)

    def _leave_queue(self, granted: threading.Event) -> None:
        with self._lock:
            if granted.is_set():  # the slot was granted at the same moment: use it
                return
            self._queue.remove(granted)
        raise ServingError(Code.DEADLINE_EXCEEDED, "the deadline passed while the call was queued")

    def _release(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._running -= 1
