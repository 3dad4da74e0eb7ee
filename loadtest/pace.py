"""Three times more frames than can be answered, from cameras that follow ``pace`` or ignore it."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from pathlib import Path

from loadtest import closedloop, openloop, paced
from loadtest.camera import Frame
from loadtest.measure import counted
from loadtest.openloop import Load
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack

WARM_UP_S = 5.0


def run(models: Path, sessions: int, factor: float, seconds: float, obeys: bool) -> None:
    """Measure what can be answered, then offer ``factor`` times as much, and print both."""
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    with Stack(models) as stack:
        peak = closedloop.run(stack.port, frames, sessions, seconds).frames_per_s
        rate = factor * peak / sessions
        load = asyncio.run(_load(stack.port, frames, sessions, rate, seconds, obeys))
    sent = len(load.frames)
    each = sorted(sum(seen.outcome == "result" for seen in camera) for camera in load.cameras)
    print(f"{sessions} sessions in a closed loop: {peak:.0f} frames/s")
    print(f"the same sessions with {rate:.1f} frames/s each, for {seconds:g} s:")
    print(f"  sent {sent / load.seconds:.0f} frames/s, answered {load.per_s:.0f}")
    print(f"  answered {load.answered:.1%} of the frames sent: {counted(load.outcomes)}")
    print(f"  answered per session: {each[0]} to {each[-1]}, median {statistics.median(each):g}")
    print(f"  age of a result: p50 {load.ms(0.5):.0f} ms, p99 {load.ms(0.99):.0f} ms")


async def _load(
    port: int, frames: Sequence[Frame], sessions: int, rate: float, seconds: float, obeys: bool
) -> Load:
    cameras = await paced.connect(port, frames, sessions, rate, obeys=obeys)
    return await openloop.run(cameras, seconds, WARM_UP_S)
