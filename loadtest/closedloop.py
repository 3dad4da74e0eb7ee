"""Many cameras in a closed loop: each sends its next frame when it has the last one's outcome."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.camera import Camera, Frame


@dataclass(frozen=True)
class Closed:
    """What the cameras saw. Latencies in ms, from a frame's first byte to its result."""

    sessions: int
    frames_per_s: float
    mean_batch: float
    p50_ms: float
    p99_ms: float
    sent: int
    outcomes: Counter[str]


def run(
    port: int,
    frames: Sequence[Frame],
    sessions: int,
    seconds: float,
    warm_up_s: float = 1.0,
    leaving: float = 0.0,
) -> Closed:
    """Run ``sessions`` cameras; of them the share ``leaving`` keeps going and coming back."""
    return asyncio.run(_run(port, frames, sessions, seconds, warm_up_s, leaving))


async def _run(
    port: int,
    frames: Sequence[Frame],
    sessions: int,
    seconds: float,
    warm_up_s: float,
    leaving: float,
) -> Closed:
    cameras = [await _connect(port, frames, number) for number in range(sessions)]
    gone: list[Camera] = []
    await asyncio.sleep(warm_up_s)
    for camera in cameras:
        camera.latencies_ms.clear()
        camera.batches.clear()
    started = time.perf_counter()
    restless = asyncio.ensure_future(_leave_and_return(port, frames, cameras, gone, leaving))
    await asyncio.sleep(seconds)
    elapsed_s = time.perf_counter() - started
    restless.cancel()
    answered = sum(len(camera.latencies_ms) for camera in cameras + gone)
    await _finish(cameras)
    return _summary(cameras + gone, sessions, answered / elapsed_s)


async def _connect(port: int, frames: Sequence[Frame], number: int) -> Camera:
    loop = asyncio.get_running_loop()
    shifted = [*frames[number % len(frames) :], *frames[: number % len(frames)]]
    _, camera = await loop.create_connection(lambda: Camera(shifted), "127.0.0.1", port)
    await asyncio.wait_for(camera.welcomed, 10)
    return camera


async def _leave_and_return(
    port: int, frames: Sequence[Frame], cameras: list[Camera], gone: list[Camera], share: float
) -> None:
    """A tenth of a second apart, one of the restless cameras drops its socket and comes anew."""
    dice = random.Random(1)
    restless = int(len(cameras) * share)
    while restless:
        await asyncio.sleep(dice.expovariate(10))
        place = dice.randrange(restless)
        cameras[place].leave()
        gone.append(cameras[place])
        cameras[place] = await _connect(port, frames, place)


async def _finish(cameras: Sequence[Camera]) -> None:
    await asyncio.wait_for(asyncio.gather(*(camera.finish() for camera in cameras)), 10)
    for camera in cameras:
        camera.leave()


def _summary(cameras: Sequence[Camera], sessions: int, frames_per_s: float) -> Closed:
    latencies = sorted(ms for camera in cameras for ms in camera.latencies_ms)
    batches = [size for camera in cameras for size in camera.batches]
    outcomes: Counter[str] = Counter()
    for camera in cameras:
        outcomes.update(camera.outcomes)
    return Closed(
        sessions,
        frames_per_s,
        # Each frame tells its batch's size, so large batches speak more often:
        # the harmonic mean counts every batch once.
        len(batches) / sum(1 / size for size in batches) if batches else 0.0,
        latencies[len(latencies) // 2] if latencies else float("nan"),
        latencies[len(latencies) * 99 // 100] if latencies else float("nan"),
        sum(camera.sent for camera in cameras),
        outcomes,
    )
