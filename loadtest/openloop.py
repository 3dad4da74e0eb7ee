"""Many cameras in an open loop for a while, and what became of their frames."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.measure import percentile
from loadtest.paced import PacedCamera, Seen


@dataclass(frozen=True)
class Load:
    """The frames sent after the warm-up, by camera, in ``seconds``."""

    seconds: float
    cameras: Sequence[Sequence[Seen]]

    @property
    def frames(self) -> list[Seen]:
        """All of them."""
        return [frame for camera in self.cameras for frame in camera]

    @property
    def results(self) -> list[Seen]:
        """The frames that were answered."""
        return [frame for frame in self.frames if frame.outcome == "result"]

    @property
    def answered(self) -> float:
        """The share of the frames sent that was answered; NaN if none was sent."""
        return len(self.results) / len(self.frames) if self.frames else math.nan

    @property
    def per_s(self) -> float:
        """Answered frames per second."""
        return len(self.results) / self.seconds

    @property
    def outcomes(self) -> Counter[str]:
        """How often each outcome occurred."""
        return Counter(frame.outcome for frame in self.frames)

    def ms(self, share: float) -> float:
        """Return the percentile ``share`` of the results' ages in ms, from when each was due."""
        return percentile([frame.ms for frame in self.results], share)


async def run(cameras: Sequence[PacedCamera], seconds: float, warm_up_s: float) -> Load:
    """Let ``cameras`` send for a while, and disconnect them."""
    await asyncio.sleep(warm_up_s)
    since = time.perf_counter()
    await asyncio.sleep(seconds)
    until = time.perf_counter()
    await asyncio.wait_for(asyncio.gather(*(camera.finish() for camera in cameras)), 10)
    for camera in cameras:
        camera.leave()
    return Load(
        until - since,
        [[frame for frame in camera.seen if since <= frame.sent < until] for camera in cameras],
    )
