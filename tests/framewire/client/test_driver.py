"""The driver's waiting."""

from __future__ import annotations

import asyncio

from framewire.client import AsyncClient


def test_a_change_right_after_the_wait_began_is_not_missed() -> None:
    async def run() -> None:
        driver = AsyncClient("ws://localhost/ws")._driver
        waiting = asyncio.create_task(driver.change(60))
        await asyncio.sleep(0)
        driver.wake()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(run())
