"""Half an hour at 80 % of the peak, with sessions that come and go, and uploads beside them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest import accounts, closedloop, paced
from loadtest.camera import Camera, Frame, address
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.reliability import honest, upload
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

SESSIONS = 32
VISITOR, VISIT_S = 400, 1.0
# What a line fitted to the memory must exceed before it counts as growth, in MB.
LEAST_NOISE_MB = 1.0
CHUNK_S = 30.0


@dataclass(frozen=True)
class Size:
    """How long the peak is measured, which part of it is offered for how long, and how often the
    processes are sampled. A short measurement of the peak is not exact enough for 80 %.
    """

    peak_s: float
    seconds: float
    interval_s: float
    load: float = 0.8


FULL = Size(10.0, 30 * 60.0, 2.0)
QUICK = Size(0.5, 2.5, 0.1, load=0.4)


@dataclass(frozen=True)
class Soaked:
    """What the cameras saw, and both processes over time."""

    due: int
    answered: int
    p99_ms: float
    gateway: Gauge
    model_server: Gauge
    visits: int


def run(stack: Stack, size: Size) -> Result:
    """Load a fresh gateway with 80 % of what it can answer, and watch its memory and sockets."""
    stack.restart_gateway()
    pictures = honest.frames()
    peak = closedloop.run(stack.port, pictures, 64, size.peak_s).frames_per_s
    time.sleep(0.5)
    before = stack.gateway.descriptors()
    seen = asyncio.run(_run(stack, pictures, size, size.load * peak / SESSIONS))
    account = accounts.settled(stack.get)
    time.sleep(0.5)
    left_open = stack.gateway.descriptors() - before
    noise_mb = max(LEAST_NOISE_MB, seen.gateway.noise_mb())
    measures = [
        Measure("frames answered", seen.answered / max(1, seen.due), 0.95, at_least=True),
        Measure("memory, steady growth", seen.gateway.steady_growth_mb(), noise_mb, "MB"),
        Measure("descriptors left open", left_open, 2),
        balance(account),
    ]
    note = (
        f"{size.seconds / 60:.3g} min at {seen.due / size.seconds:.0f} of {peak:.0f} frames/s; "
        f"p99 {seen.p99_ms:.0f} ms; {seen.visits} sessions and uploads came and went; the gateway "
        f"has {seen.gateway.resident_mb[-1]:.0f} MB, the model server grew by "
        f"{seen.model_server.steady_growth_mb():.1f} MB; {seen.gateway.processors()}"
    )
    return Result("soak", measures, [note])


async def _run(stack: Stack, pictures: Sequence[Frame], size: Size, rate: float) -> Soaked:
    cameras = await paced.connect(stack.port, pictures, SESSIONS, rate)
    await asyncio.sleep(size.peak_s)
    visits: list[int] = []
    async with (
        Gauge(stack.gateway, size.interval_s) as gateway,
        Gauge(stack.model_server, size.interval_s) as model_server,
    ):
        visiting = asyncio.ensure_future(_visit(stack.port, pictures, visits))
        parts = await _observe(cameras, size.seconds)
        visiting.cancel()
        await asyncio.gather(visiting, return_exceptions=True)
    await honest.leave(cameras)
    due = sum(part.due for part in parts)
    answered = sum(len(part.results) for part in parts)
    worst_ms = max(part.age_ms(0.99) for part in parts)
    return Soaked(due, answered, worst_ms, gateway, model_server, len(visits))


async def _observe(cameras: Sequence[paced.PacedCamera], seconds: float) -> list[Observed]:
    """Observe in parts, so that the load generator keeps no half hour of frames."""
    parts = []
    left_s = seconds
    while left_s > 0:
        parts.append(await honest.observe(cameras, min(CHUNK_S, left_s)))
        left_s -= CHUNK_S
        for camera in cameras:
            camera.forget()
    return parts


async def _visit(port: int, pictures: Sequence[Frame], visits: list[int]) -> None:
    """Every second, upload a picture, and open a session that leaves with a frame under way."""
    [picture] = camera_jpegs(1)
    loop = asyncio.get_running_loop()
    while True:
        visits.append(await upload.status(port, picture, VISITOR))
        _, camera = await loop.create_connection(
            lambda: Camera(pictures), "127.0.0.1", port, local_addr=address(VISITOR)
        )
        await camera.opened()
        await asyncio.sleep(VISIT_S)
        camera.leave()
