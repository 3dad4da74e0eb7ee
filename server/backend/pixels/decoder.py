"""Threads that decode: some for ordinary pictures, and one for costly ones.

The model's cameras must not wait for a picture that is costly to decode. Such pictures
share one thread of low priority, so they never occupy the others, and no more than one
of them is in memory at a time. A thread cannot be interrupted: when a batch runs out of
time, its picture keeps the thread until it is done, and the next one waits for that.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from server.backend.contract import PixelsInput
from server.backend.pixels.cutting import cut
from server.backend.pixels.drawing import draw, encode, needs_encoding
from server.backend.pixels.placement import Placement, target_size
from server.core.cascade import Region
from server.core.errors import BatchRejected, DeadlineExceeded, FramewireError, Overloaded
from server.core.lanes import COSTLY
from server.core.messages import Frame

# About a third of the share of an ordinary thread: uploads of photos must not starve.
_LOW_PRIORITY = 5


@dataclass(frozen=True, slots=True)
class Pixels:
    """A batch's pixels. ``outcomes`` has, for every frame, its placement or what is
    wrong with it; ``values`` [N,H,W,C] has a row for each placement, in order."""

    values: np.ndarray[Any, Any]
    outcomes: Sequence[Placement | FramewireError]


class Decoder:
    """Decodes ordinary pictures in at most ``threads`` threads (None: one per core)."""

    def __init__(self, threads: int | None = None) -> None:
        self._ordinary = ThreadPoolExecutor(threads or os.cpu_count() or 1, "decode")
        self._costly = ThreadPoolExecutor(1, "decode-costly", _lower_priority)

    async def decode(
        self, frames: Sequence[Frame], wanted: PixelsInput, timeout_s: float
    ) -> Pixels:
        """Return ``frames`` as ``wanted``, as far as they are done after ``timeout_s`` seconds.

        Raises DeadlineExceeded if none is, and BatchRejected if frames that keep
        their size differ in it.
        """
        sizes = {target_size(frame, wanted) for frame in frames}
        if len(sizes) != 1:
            raise BatchRejected("frames of different sizes cannot share a batch")
        [(width, height)] = sizes
        shape = (len(frames), height, width, wanted.channels)
        values = np.empty(shape, wanted.dtype)
        outcomes = await self._run(
            frames, lambda i: (draw, frames[i], wanted, values[i]), timeout_s
        )
        good = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Placement)]
        return Pixels(values if len(good) == len(frames) else values[good], outcomes)

    async def encode(
        self, frames: Sequence[Frame], timeout_s: float
    ) -> Sequence[bytes | FramewireError]:
        """Return bytes of each frame that a graph may decode, or what is wrong with it.

        Some of them must need encoding. Raises DeadlineExceeded if none of those is done
        after ``timeout_s`` seconds.
        """
        outcomes: list[bytes | FramewireError] = [frame.data for frame in frames]
        chosen = [i for i, frame in enumerate(frames) if needs_encoding(frame)]
        work = [frames[i] for i in chosen]
        encoded = await self._run(work, lambda i: (encode, work[i]), timeout_s)
        for i, outcome in zip(chosen, encoded, strict=True):
            outcomes[i] = outcome
        return outcomes

    async def cut(
        self, frame: Frame, regions: Sequence[Region], picture_format: str, timeout_s: float
    ) -> Sequence[bytes]:
        """Return parts of ``frame``; see :class:`~server.backend.interface.Backend`."""
        work = (cut, frame, regions, picture_format)
        [outcome] = await self._run([frame], lambda i: work, timeout_s)
        if isinstance(outcome, FramewireError):
            raise outcome
        pictures: Sequence[bytes] = outcome
        return pictures

    def close(self) -> None:
        """Let the threads end; those at work finish their picture first."""
        self._ordinary.shutdown(wait=False, cancel_futures=True)
        self._costly.shutdown(wait=False, cancel_futures=True)

    async def _run(
        self,
        frames: Sequence[Frame],
        call: Callable[[int], tuple[Any, ...]],
        timeout_s: float,
    ) -> list[Any]:
        """Run ``call(i)``, a function and its arguments, for each frame in a thread."""
        loop = asyncio.get_running_loop()
        # Small pictures go first, so a large one delays only its own sender.
        tasks = {
            i: loop.run_in_executor(self._pool(frames[i]), *call(i))
            for i in sorted(range(len(frames)), key=lambda i: _cost(frames[i]))
        }
        try:
            done, _ = await asyncio.wait(tasks.values(), timeout=max(0.0, timeout_s))
        finally:
            for task in tasks.values():
                task.cancel()
        if not done:
            raise DeadlineExceeded("no picture was decoded in time")
        late = Overloaded("the gateway had no time to decode this frame")
        return [tasks[i].result() if tasks[i] in done else late for i in range(len(frames))]

    def _pool(self, frame: Frame) -> ThreadPoolExecutor:
        costly = max(frame.cost, frame.worst_cost) >= COSTLY
        return self._costly if costly else self._ordinary


def _cost(frame: Frame) -> int:
    return frame.cost or frame.width * frame.height


def _lower_priority() -> None:
    """Let every other thread go first; Linux alone has priorities for single threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOW_PRIORITY)
