"""Cameras in an open loop: each sends frames at a fixed rate, whatever their outcomes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from loadtest.camera import Camera, Frame

WINDOW = 4


@dataclass(frozen=True)
class Seen:
    """One frame: when it was sent and answered (``time.perf_counter`` seconds), its outcome
    (``result``, the reason of a drop, or the code of an error), and the version that answered."""

    sent: float
    answered: float
    outcome: str
    version: int | None

    @property
    def ms(self) -> float:
        """Milliseconds from sending to the outcome."""
        return (self.answered - self.sent) * 1000


class PacedCamera(Camera):
    """One session with ``rate`` frames per second; a frame beyond the window is not sent.

    ``obeys``: it sends no more than the gateway advises.
    """

    def __init__(self, frames: Sequence[Frame], rate: float, obeys: bool = False) -> None:
        super().__init__(frames, outstanding=0)
        self.stopped = True  # an outcome does not trigger the next frame
        self.seen: list[Seen] = []
        self._least_interval_s = self._interval_s = 1 / rate
        self._obeys = obeys
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, delay_s: float) -> None:
        """Send the first frame after ``delay_s``, and the others at the rate."""
        at = asyncio.get_running_loop().time() + delay_s
        self._timer = asyncio.get_running_loop().call_at(at, self._tick, at)

    async def finish(self) -> None:
        """Stop sending, and wait until every frame has its outcome."""
        if self._timer is not None:
            self._timer.cancel()
        while self._sent_at:
            self._settled.clear()
            await self._settled.wait()
            if self._transport.is_closing():
                raise ConnectionError("the gateway closed a session")

    def _tick(self, at: float) -> None:
        if len(self._sent_at) < WINDOW:
            self.send()
        after = at + self._interval_s
        self._timer = asyncio.get_running_loop().call_at(after, self._tick, after)

    def _on_message(self, message: dict[str, Any]) -> None:
        if self._obeys and message["type"] == "pace":
            advised = message["frames_per_s"]
            interval_s = 1 / advised if advised else 0.0
            self._interval_s = max(self._least_interval_s, interval_s)
        sent = self._sent_at.get(message.get("id", -1))
        if sent is not None:
            kind = message["type"]
            outcome = message.get("reason") or message.get("code") or kind
            version = message.get("model_version")
            self.seen.append(Seen(sent, time.perf_counter(), outcome, version))
        super()._on_message(message)


async def connect(
    port: int, frames: Sequence[Frame], sessions: int, rate: float, obeys: bool = False
) -> list[PacedCamera]:
    """Connect the cameras and start them, with their frames spread evenly over time."""
    loop = asyncio.get_running_loop()
    cameras = []
    for number in range(sessions):
        shifted = [*frames[number % len(frames) :], *frames[: number % len(frames)]]
        make = partial(PacedCamera, shifted, rate, obeys)
        _, camera = await loop.create_connection(make, "127.0.0.1", port)
        await asyncio.wait_for(camera.welcomed, 10)
        cameras.append(camera)
    for number, camera in enumerate(cameras):
        camera.begin(number / sessions / rate)
    return cameras
