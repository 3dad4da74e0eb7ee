"""When the batcher is asked what to send next, if not at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Wakeup:
    """Calls ``pump`` with the time, in monotonic seconds: soon, or at a time that may change."""

    def __init__(self, pump: Callable[[float], None], often: int) -> None:
        self.due_at: float | None = None  # when the timer fires; None: never
        self._pump = pump
        self._often = often
        self._asked = 0  # for soon, since that was
        self._timer: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Call it once the sockets that were found readable with this one have been read.

        So frames that arrived together share a batch. With many sockets that takes long, so each
        ``often``-th of these calls does not wait for it.
        """
        self._asked += 1
        if self._asked == 1:
            asyncio.get_running_loop().call_soon(self._on_soon)
        elif self._asked % self._often == 0:
            self._pump(time.monotonic())

    def at(self, due_at: float | None) -> None:
        """Call it at ``due_at``, if that is any time, and not at the time set before."""
        if due_at == self.due_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.due_at = due_at
        if due_at is not None:
            delay_s = max(0.0, due_at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _on_soon(self) -> None:
        self._asked = 0
        self._pump(time.monotonic())

    def _on_timer(self) -> None:
        self._timer = self.due_at = None
        self._pump(time.monotonic())
