"""ConcurrencyLimiter: how many calls run in a model at once, and who waits.

Two or three calls at once keep all processors busy; more only slow one another down. So a model
has a few slots. The rest wait in the order they came, and a call whose deadline passes while it
waits is never run.

Worst wait of a call that is let in: ``waiting / slots`` runs of the model, or its deadline.
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
    """A snapshot: calls running, calls waiting, and how many may do either."""

    running: int
    waiting: int
    slots: int
    max_waiting: int


class ConcurrencyLimiter:
    """A bounded queue in front of a number of slots; first come, first served."""

    def __init__(self, slots: int, max_waiting: int) -> None:
        self._slots = slots
        self._max_waiting = max_waiting
        self._running = 0
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, deadline: Deadline) -> Iterator[None]:
        """Hold a slot for the length of a ``with`` block.

        Raises:
            ServingError: RESOURCE_EXHAUSTED, at once, when the queue is full;
                DEADLINE_EXCEEDED when the turn did not come in time.
        """
        self._wait(deadline)
        try:
            yield
        finally:
            self._pass_on()

    def statistics(self) -> ConcurrencyStatistics:
        with self._lock:
            return ConcurrencyStatistics(
                self._running, len(self._queue), self._slots, self._max_waiting
            )

    def _wait(self, deadline: Deadline) -> None:
        left = deadline.left()
        with self._lock:
            if self._running < self._slots:
                self._running += 1
                return
            if len(self._queue) >= self._max_waiting:
                raise ServingError(
                    Code.RESOURCE_EXHAUSTED,
                    f"{len(self._queue)} calls are waiting for this model already",
                )
            turn = threading.Event()
            self._queue.append(turn)
        if not turn.wait(left):
            self._give_up(turn)

    def _give_up(self, turn: threading.Event) -> None:
        with self._lock:
            if turn.is_set():  # the turn came in the same moment: use it
                return
            self._queue.remove(turn)
        raise ServingError(Code.DEADLINE_EXCEEDED, "the deadline passed while the call waited")

    def _pass_on(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._running -= 1
