"""An event loop whose clock stands still while anything happens, and jumps to the next timer.

So seconds of a load pass in milliseconds, and a busy machine changes no figure: all delays are
those that the test asks for. Both ends of a connection must live in this loop.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
# What was written to a loopback socket may take the kernel a moment.
ROUNDS = 3


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with its own time, from 0 on."""

    now = 0.0

    def __init__(self) -> None:
        super().__init__()
        selector: Any = self._selector  # type: ignore[attr-defined]
        self._real_select = selector.select
        selector.select = self._select

    def time(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass as if something had blocked the loop."""
        self.now += seconds

    def _select(self, timeout: float | None) -> Any:
        if timeout is None:
            return self._real_select(None)
        if timeout <= 0:
            return self._real_select(0)
        for _ in range(ROUNDS):
            if events := self._real_select(0):
                return events
            os.sched_yield()
        self.now += timeout
        return []


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` in such a loop."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
