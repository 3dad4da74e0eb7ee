"""Takes a sample of a gateway's figures every second."""

from __future__ import annotations

import asyncio
import logging
import time

from server.admin.history import History
from server.admin.interface import Administered

log = logging.getLogger(__name__)

SAMPLE_S = 1.0


async def keep_sampling(administered: Administered, history: History) -> None:
    """Add samples to ``history`` until cancelled, at a steady beat."""
    due = time.monotonic()
    while True:
        try:
            history.add(await administered.statistics(), time.time(), time.monotonic())
        except Exception:
            log.exception("taking a sample for the dashboard failed")
        due = max(due + SAMPLE_S, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
