"""Waiting for what another task or the other end of a socket does, which nobody tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 20.0


async def until(true: Callable[[], bool]) -> None:
    """Look again and again, until ``true()`` holds."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "nothing happened"
        await asyncio.sleep(0.002)


async def turn() -> None:
    """Let everything run that is ready to run."""
    for _ in range(10):
        await asyncio.sleep(0)
