"""Waiting for accepted frames when a gateway stops."""

from __future__ import annotations

import asyncio

from server.runtime.dispatcher import Dispatcher


async def wait_until_idle(
    dispatcher: Dispatcher, timeout_s: float, at_once: asyncio.Event | None
) -> None:
    """Wait until no frame is under way, ``timeout_s`` is over or ``at_once`` is set."""
    ends = [
        asyncio.ensure_future(dispatcher.idle()),
        asyncio.ensure_future((at_once or asyncio.Event()).wait()),
    ]
    try:
        await asyncio.wait(ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
