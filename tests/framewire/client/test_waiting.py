"""Waiting with a time limit."""

from __future__ import annotations

import asyncio

import pytest

from framewire.client.waiting import within


def test_a_result_in_time_is_returned() -> None:
    async def run() -> str:
        return await within(asyncio.sleep(0, "here"), 5)

    assert asyncio.run(run()) == "here"


def test_what_takes_longer_is_cancelled() -> None:
    async def run() -> asyncio.Future[None]:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with pytest.raises(asyncio.TimeoutError):
            await within(never, 0.01)
        return never

    assert asyncio.run(run()).cancelled()


def test_a_cancellation_that_arrives_with_the_result_is_kept() -> None:
    async def run() -> asyncio.Task[None]:
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(within(result, 5))
        await asyncio.sleep(0)
        result.set_result(None)
        waiting.cancel()
        await asyncio.wait({waiting})
        return waiting

    assert asyncio.run(run()).cancelled()
