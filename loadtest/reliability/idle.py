"""Thousands of idle sessions on one gateway, and a live camera among them."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest import accounts
from loadtest.camera import Camera, Frame, address
from loadtest.measure import Measure
from loadtest.reliability import honest
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

# How many connections are being opened at a time: fewer than the backlog of a listening socket.
OPENING = 64


@dataclass(frozen=True)
class Size:
    """How many sessions are idle, and how long the live camera is observed with and without."""

    sessions: int
    seconds: float


FULL = Size(10_000, 45.0)
QUICK = Size(300, 0.8)


def run(stack: Stack, size: Size) -> Result:
    """Measure the memory of an idle session, and a live camera's p99 without and among them."""
    _allow_open_files(size.sessions + 500)
    stack.restart_gateway(f"--max-sessions={size.sessions + 100}")
    calm, among, gauge, opening_s = asyncio.run(_run(stack, honest.frames(), size))
    each_kb = gauge.growth_mb * 1000 / size.sessions
    measures = [
        Measure(f"memory of each of {size.sessions:,} sessions", each_kb, 40.0, "KB"),
        Measure("p99 of a live camera / alone", among.age_ms(0.99) / calm.age_ms(0.99), 1.25),
        Measure("answered of the live camera", among.answered, 0.95, at_least=True),
        balance(accounts.settled(stack.get)),
    ]
    note = (
        f"sessions opened in {opening_s:.1f} s; the live camera's p99: alone "
        f"{calm.age_ms(0.99):.1f} ms, among them {among.age_ms(0.99):.1f} ms; {gauge.processors()}"
    )
    return Result("idle", measures, [note])


async def _run(
    stack: Stack, pictures: Sequence[Frame], size: Size
) -> tuple[Observed, Observed, Gauge, float]:
    async with honest.running(stack.port, pictures, 1) as live:
        calm = await honest.observe(live, size.seconds)
        async with Gauge(stack.gateway) as gauge:
            started = time.perf_counter()
            idle = await _open(stack.port, size.sessions)
            opening_s = time.perf_counter() - started
        await asyncio.sleep(0.5)
        among = await honest.observe(live, size.seconds)
        lost = sum(camera.stopped for camera in idle)
        for camera in idle:
            camera.leave()
    if lost:
        raise RuntimeError(f"the gateway closed {lost} idle sessions")
    return calm, among, gauge, opening_s


async def _open(port: int, sessions: int) -> list[Camera]:
    """Open ``sessions``, which answer pings and send nothing."""
    turn = asyncio.Semaphore(OPENING)
    loop = asyncio.get_running_loop()

    async def one(number: int) -> Camera:
        async with turn:
            _, camera = await loop.create_connection(
                lambda: Camera([], outstanding=0), "127.0.0.1", port, local_addr=address(number)
            )
            await camera.opened(30.0)
            return camera

    return await asyncio.gather(*(one(number) for number in range(sessions)))


def _allow_open_files(count: int) -> None:
    """Raise the limit on open files, which the gateway inherits. Raises if it is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    if hard < count:
        raise RuntimeError(f"{count} open files are needed; the limit (ulimit -Hn) is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
