"""A model server that is near, 100 ms or 400 ms away: how many frames are answered in time?

With and without a maximum of three concurrent calls, which is what a near server needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from loadtest import openloop, paced
from loadtest.camera import Frame
from loadtest.measure import counted
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack

ROUND_TRIPS_MS = (0.0, 100.0, 400.0)
MAX_CALLS = (3, 256)
WARM_UP_S = 8.0


def run(models: Path, sessions: int, rate: float, seconds: float) -> None:
    """Measure each combination and print it."""
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    print(f"{sessions} sessions with {rate:g} frames/s each, for {seconds:g} s")
    print("round trip  max_calls  answered  frames/s  p50      p99      outcomes")
    for round_trip_ms in ROUND_TRIPS_MS:
        for max_calls in MAX_CALLS:
            flags = (f"--max-calls={max_calls}",)
            with Stack(models, flags, round_trip_ms=round_trip_ms) as stack:
                load = asyncio.run(_load(stack.port, frames, sessions, rate, seconds))
            print(
                f"{round_trip_ms:7.0f} ms  {max_calls:9}  {load.answered:7.1%}  {load.per_s:8.0f}"
                f"  {load.ms(0.5):4.0f} ms  {load.ms(0.99):4.0f} ms  {counted(load.outcomes)}"
            )


async def _load(
    port: int, frames: Sequence[Frame], sessions: int, rate: float, seconds: float
) -> openloop.Load:
    cameras = await paced.connect(port, frames, sessions, rate)
    return await openloop.run(cameras, seconds, WARM_UP_S)
