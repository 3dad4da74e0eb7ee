"""Many cameras in a closed loop: each sends a frame when it has the outcome of its last one."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from loadtest.camera import Camera, Frame, address
from loadtest.measure import percentile

Connect = Callable[[int], Awaitable[Camera]]


@dataclass(frozen=True)
class Load:
    """What the cameras observed. Latencies in ms, from sending a frame to its result.

    ``left``: frames without an outcome when their camera disconnected.
    """

    sessions: int
    frames_per_s: float
    mean_batch: float
    p50_ms: float
    p99_ms: float
    sent: int
    outcomes: Counter[str]
    left: int = 0


def run(
    port: int,
    frames: Sequence[Frame],
    sessions: int,
    seconds: float,
    warm_up_s: float = 1.0,
    leaving: float = 0.0,
    tls: ssl.SSLContext | None = None,
) -> Load:
    """Run ``sessions`` cameras, of which the fraction ``leaving`` keeps disconnecting."""
    connect = partial(_connect, port, frames, tls)
    return asyncio.run(_run(connect, sessions, seconds, warm_up_s, leaving))


async def _run(
    connect: Connect, sessions: int, seconds: float, warm_up_s: float, leaving: float
) -> Load:
    cameras = [await connect(number) for number in range(sessions)]
    gone: list[Camera] = []
    await asyncio.sleep(warm_up_s)
    for camera in cameras:
        camera.latencies_ms.clear()
        camera.batches.clear()
    started = time.perf_counter()
    reconnecting = asyncio.ensure_future(_reconnect_at_random(connect, cameras, gone, leaving))
    await asyncio.sleep(seconds)
    elapsed_s = time.perf_counter() - started
    reconnecting.cancel()
    answered = sum(len(camera.latencies_ms) for camera in cameras + gone)
    await _finish(cameras)
    return _summary(cameras + gone, sessions, answered / elapsed_s)


async def _connect(
    port: int, frames: Sequence[Frame], tls: ssl.SSLContext | None, number: int
) -> Camera:
    loop = asyncio.get_running_loop()
    shifted = [*frames[number % len(frames) :], *frames[: number % len(frames)]]
    _, camera = await loop.create_connection(
        lambda: Camera(shifted), "127.0.0.1", port, ssl=tls, local_addr=address(number)
    )
    await camera.opened()
    return camera


async def _reconnect_at_random(
    connect: Connect, cameras: list[Camera], gone: list[Camera], share: float
) -> None:
    """Every 0.1 s on average, disconnect one of the first cameras and replace it."""
    dice = random.Random(1)
    leaving = int(len(cameras) * share)
    while leaving:
        await asyncio.sleep(dice.expovariate(10))
        place = dice.randrange(leaving)
        left = cameras[place]
        left.leave()
        cameras[place] = await connect(place)
        gone.append(left)  # not before: cancelled while it connects, both lists would count it


async def _finish(cameras: Sequence[Camera]) -> None:
    await asyncio.wait_for(asyncio.gather(*(camera.finish() for camera in cameras)), 10)
    for camera in cameras:
        camera.leave()


def _summary(cameras: Sequence[Camera], sessions: int, frames_per_s: float) -> Load:
    latencies = [ms for camera in cameras for ms in camera.latencies_ms]
    batches = [size for camera in cameras for size in camera.batches]
    outcomes: Counter[str] = Counter()
    for camera in cameras:
        outcomes.update(camera.outcomes)
    return Load(
        sessions,
        frames_per_s,
        # Every frame reports the size of its batch, so a batch of n is counted n times; the
        # harmonic mean counts each batch once.
        len(batches) / sum(1 / size for size in batches) if batches else 0.0,
        percentile(latencies, 0.5),
        percentile(latencies, 0.99),
        sum(camera.sent for camera in cameras),
        outcomes,
        sum(camera.pending for camera in cameras),
    )
