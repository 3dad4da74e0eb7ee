"""Honest cameras: eight that send ten frames a second each, and keep to the window."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from loadtest import paced
from loadtest.camera import Frame
from loadtest.measure import percentile
from loadtest.paced import PacedCamera, Seen
from loadtest.pictures import camera_jpegs

CAMERAS, RATE = 8, 10.0
SETTLE_S = 5.0


def frames() -> list[Frame]:
    """Return twelve pictures of 40 KB, as a camera sends them."""
    return [Frame(picture) for picture in camera_jpegs(12)]


@dataclass(frozen=True)
class Observed:
    """What cameras saw of the frames that were due between two instants, in ``seconds``."""

    seconds: float
    due: int
    seen: Sequence[Seen]

    @property
    def results(self) -> list[Seen]:
        """The frames that were answered."""
        return [frame for frame in self.seen if frame.outcome == "result"]

    @property
    def answered(self) -> float:
        """The fraction of the frames due that were answered."""
        return len(self.results) / max(1, self.due)

    @property
    def per_s(self) -> float:
        """Answered frames per second."""
        return len(self.results) / self.seconds

    @property
    def outcomes(self) -> Counter[str]:
        """How many frames had which outcome."""
        return Counter(frame.outcome for frame in self.seen)

    def age_ms(self, share: float) -> float:
        """Return the percentile ``share`` of the results' ages in ms, from when each was due."""
        return percentile([frame.ms for frame in self.results], share)

    def inference_ms(self, share: float) -> float:
        """Return the percentile ``share`` of the duration of a frame's Predict call."""
        return percentile([frame.inference_ms for frame in self.results], share)


def observed(cameras: Sequence[PacedCamera], since: float, until: float) -> Observed:
    """Return what ``cameras`` saw between two instants of ``time.perf_counter``."""
    return Observed(
        until - since,
        sum(since <= due < until for camera in cameras for due in camera.due),
        [frame for camera in cameras for frame in camera.seen if since <= frame.sent < until],
    )


def together(parts: Sequence[Observed]) -> Observed:
    """Return what several cameras saw at the same time as one observation."""
    seen = [frame for part in parts for frame in part.seen]
    return Observed(parts[0].seconds, sum(part.due for part in parts), seen)


async def observe(cameras: Sequence[PacedCamera], seconds: float) -> Observed:
    """Let ``cameras`` run, and return what they saw of the frames of these ``seconds``."""
    since = time.perf_counter()
    await asyncio.sleep(seconds)
    until = time.perf_counter()
    await settle(cameras, until)
    return observed(cameras, since, until)


async def settle(cameras: Sequence[PacedCamera], until: float) -> None:
    """Wait until all frames sent before ``until`` have their outcome, for a few seconds at most."""
    deadline = time.perf_counter() + SETTLE_S
    while time.perf_counter() < deadline:
        if not any(camera.unanswered(until) for camera in cameras):
            return
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(
    port: int, frames: Sequence[Frame], count: int = CAMERAS, rate: float = RATE
) -> AsyncIterator[list[PacedCamera]]:
    """Connect ``count`` cameras with ``rate`` frames per second each, until the context ends."""
    cameras = await paced.connect(port, frames, count, rate)
    try:
        await asyncio.sleep(0.5)
        yield cameras
    finally:
        await leave(cameras)


async def leave(cameras: Sequence[PacedCamera]) -> None:
    """Stop sending, wait for the last outcomes, and disconnect."""
    for camera in cameras:
        camera.pause()
    await settle(cameras, time.perf_counter())
    for camera in cameras:
        camera.leave()
