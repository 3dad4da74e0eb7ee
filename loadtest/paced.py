"""Cameras in an open loop: each sends frames at a fixed rate, whatever their outcomes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from loadtest.camera import Camera, Frame, address

WINDOW = 4


@dataclass(frozen=True)
class Seen:
    """One frame that was sent.

    ``sent``: when it was due, however late this process was, and ``answered``: when its outcome
    arrived, both in seconds of ``time.perf_counter``. ``outcome``: ``result``, the reason of a
    drop, or the code of an error. ``version`` is the one that answered, ``inference_ms`` the
    duration of the Predict call.
    """

    sent: float
    answered: float
    outcome: str
    version: int | None
    inference_ms: float = 0.0

    @property
    def ms(self) -> float:
        """Milliseconds from when it was due to its outcome."""
        return (self.answered - self.sent) * 1000


class PacedCamera(Camera):
    """One session with ``rate`` frames per second.

    A frame is not sent while ``window`` others are unanswered; ``math.inf`` ignores the window.
    ``obeys``: it sends no more than the gateway advises. ``due`` has the times at which a frame
    should have been sent (``time.perf_counter`` seconds).
    """

    def __init__(
        self, frames: Sequence[Frame], rate: float, window: float = WINDOW, obeys: bool = False
    ) -> None:
        super().__init__(frames, outstanding=0)
        self.due: list[float] = []
        self._window = window
        self.stopped = True  # an outcome does not trigger the next frame
        self.seen: list[Seen] = []
        self._least_interval_s = self._interval_s = 1 / rate
        self._obeys = obeys
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, delay_s: float) -> None:
        """Send the first frame after ``delay_s``, and the others at the rate."""
        at = asyncio.get_running_loop().time() + delay_s
        self._timer = asyncio.get_running_loop().call_at(at, self._tick, at)

    def pause(self) -> None:
        """Stop sending."""
        if self._timer is not None:
            self._timer.cancel()

    def forget(self) -> None:
        """Forget the frames that have their outcome."""
        self.due.clear()
        self.seen.clear()
        self.latencies_ms.clear()
        self.batches.clear()

    def unanswered(self, until: float) -> bool:
        """Whether the outcome of a frame sent before ``until`` may still arrive."""
        return not self._transport.is_closing() and any(at < until for at in self._sent_at.values())

    async def finish(self) -> None:
        """Stop sending, and wait until every frame has its outcome."""
        self.pause()
        while self._sent_at:
            self._settled.clear()
            await self._settled.wait()
            if self._transport.is_closing():
                raise ConnectionError("the gateway closed a session")

    def _tick(self, at: float) -> None:
        due = time.perf_counter() - (asyncio.get_running_loop().time() - at)
        self.due.append(due)
        if len(self._sent_at) < self._window and not self._transport.is_closing():
            self.send(due)
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
            took_ms = message.get("timing_ms", {}).get("inference", 0.0)
            self.seen.append(Seen(sent, time.perf_counter(), outcome, version, took_ms))
        super()._on_message(message)


async def connect(
    port: int,
    frames: Sequence[Frame],
    sessions: int,
    rate: float,
    window: float = WINDOW,
    obeys: bool = False,
) -> list[PacedCamera]:
    """Connect the cameras and start them, with their frames spread evenly over time."""
    loop = asyncio.get_running_loop()
    cameras = []
    for number in range(sessions):
        shifted = [*frames[number % len(frames) :], *frames[: number % len(frames)]]
        make = partial(PacedCamera, shifted, rate, window, obeys)
        _, camera = await loop.create_connection(
            make, "127.0.0.1", port, local_addr=address(number)
        )
        await camera.opened()
        cameras.append(camera)
    for number, camera in enumerate(cameras):
        camera.begin(number / sessions / rate)
    return cameras
