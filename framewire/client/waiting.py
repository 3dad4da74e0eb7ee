"""Wait with a time limit, and never lose a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(awaitable: Awaitable[T], timeout_s: float | None) -> T:
    """Return the result of ``awaitable``, which is cancelled after ``timeout_s`` seconds.

    None: wait for as long as it takes. Raises :class:`asyncio.TimeoutError`.

    Unlike ``asyncio.wait_for`` before Python 3.12, it ends with the cancellation if that arrives
    together with the result. Otherwise a task that waits in a loop would go on for ever.
    """
    future = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait({future}, timeout=timeout_s)
        if future.done():
            return future.result()
        raise asyncio.TimeoutError
    finally:
        future.cancel()
