"""Cameras of the load tests that start their own servers: what a frame's age counts from."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from loadtest.camera import Frame
from loadtest.openloop import Load
from loadtest.paced import PacedCamera
from tests.loadtest.puppet import Puppet

INTERVAL_S = 0.02
BLOCKED_S = 0.3


class _Camera(PacedCamera):
    """A camera that says when the frames that were due while it was blocked have outcomes."""

    def __init__(self) -> None:
        super().__init__([Frame(b"picture")], 1 / INTERVAL_S, math.inf)
        self.enough = asyncio.Event()

    def _on_message(self, message: dict[str, Any]) -> None:
        super()._on_message(message)
        if len(self.seen) >= BLOCKED_S / INTERVAL_S:
            self.enough.set()


async def test_a_frame_ages_from_when_it_was_due() -> None:
    """A load generator that was blocked has sent its frames late, and must not hide that."""
    async with Puppet(lambda at, number: 0.0).serving() as where:
        loop = asyncio.get_running_loop()
        _, camera = await loop.create_connection(_Camera, where.host, where.port)
        await camera.opened()
        camera.begin(0.0)
        blocked_until = loop.time() + BLOCKED_S
        while loop.time() < blocked_until:  # and no frame leaves
            pass
        await camera.enough.wait()
        camera.pause()
        camera.leave()
    assert camera.seen[0].ms >= 1000 * BLOCKED_S
    steps = [later - earlier for earlier, later in zip(camera.due, camera.due[1:], strict=False)]
    assert steps == pytest.approx([INTERVAL_S] * len(steps), abs=1e-3)


def test_a_load_without_frames_has_no_figures() -> None:
    load = Load(1.0, [[], []])
    assert math.isnan(load.answered)
    assert math.isnan(load.ms(0.5))
    assert load.per_s == 0
