"""One picture, one answer: wait for a model, send the picture, and again if that can help."""

from __future__ import annotations

import asyncio
from typing import Any

from framewire.client.driver import Driver
from framewire.client.outcomes import Dropped, Failed, Outcome
from framewire.client.waiting import within

_FIRST_PAUSE_S = 0.1
_MAX_PAUSE_S = 2.0


async def ask(driver: Driver, picture: Any, timeout_s: float) -> Outcome:
    """Return the outcome of ``picture``, trying again for ``timeout_s`` if that may help.

    Callers take turns, so that none supersedes another's picture; the time starts with the turn.
    """
    async with driver.turn:
        return await _ask(driver, picture, driver.now() + timeout_s)


async def _ask(driver: Driver, picture: Any, end: float) -> Outcome:
    session = driver.session
    outcome: Outcome = Dropped(picture, "not_ready")
    pause_s = _FIRST_PAUSE_S
    while await driver.until(
        lambda: session.state == "ready" or session.hopeless, end - driver.now()
    ):
        outcome = await _within(driver.offer(picture), picture, end - driver.now())
        if not _retryable(outcome) or driver.now() + pause_s > end:
            break
        await asyncio.sleep(pause_s)
        pause_s = min(_MAX_PAUSE_S, 2 * pause_s)
    return outcome


async def _within(future: asyncio.Future[Outcome], picture: Any, timeout_s: float) -> Outcome:
    try:
        return await within(future, max(0.0, timeout_s))
    except asyncio.TimeoutError:
        return Dropped(picture, "timed_out")


def _retryable(outcome: Outcome) -> bool:
    if isinstance(outcome, Failed):
        return outcome.retryable
    return isinstance(outcome, Dropped) and outcome.reason != "timed_out"
