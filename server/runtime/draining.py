"""Waiting for accepted frames when a gateway stops."""

from __future__ import annotations

import asyncio
import logging
import time

from server.runtime.dispatcher import Dispatcher

log = logging.getLogger(__name__)


async def finish(dispatcher: Dispatcher, timeout_s: float, at_once: asyncio.Event | None) -> None:
    """Answer the frames under way, until ``timeout_s`` is over or ``at_once`` is set; then stop."""
    began = time.monotonic()
    await _wait_until_idle(dispatcher, timeout_s, at_once or asyncio.Event())
    unanswered = await dispatcher.stop()
    if unanswered:
        fields = {"frames": unanswered, "waited_s": time.monotonic() - began}
        log.warning("%(frames)d frames had no answer after %(waited_s).1f s", fields)


async def _wait_until_idle(
    dispatcher: Dispatcher, timeout_s: float, at_once: asyncio.Event
) -> None:
    ends = [asyncio.ensure_future(dispatcher.idle()), asyncio.ensure_future(at_once.wait())]
    try:
        await asyncio.wait(ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
