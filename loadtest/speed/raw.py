"""Raw frames of 1.2 MB: the gateway's CPU time, relative to a bare WebSocket echo of the same."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from loadtest import closedloop
from loadtest.camera import Frame
from loadtest.measure import Measure
from loadtest.speed.echo import Echo
from loadtest.speed.line import Length, Line
from loadtest.stack import InstantStack

WIDTH, HEIGHT = 480, 640
SESSIONS = 8
MOST = 3.0
_NAME = f"gateway's CPU time for raw RGBA {WIDTH}x{HEIGHT} / a bare websockets echo of the same"


def measure(models: Path, length: Length, logs: Path) -> Iterator[Line]:
    """Yield the cost of a raw RGBA frame, relative to that of its echo."""
    if find_spec("websockets") is None:
        hint = "websockets is not installed; run: pip install 'framewire[loadtest]'"
        yield Line(Measure(_NAME, math.nan, MOST), hint)
        return
    picture = bytes(WIDTH * HEIGHT * 4)
    frames = [Frame(picture, "rgba", (WIDTH, HEIGHT))]
    ours, bare = [], []
    unlimited = "--max-megapixels-per-s=0"
    with InstantStack("pixels", unlimited, logs=logs) as stack, Echo() as echo:
        for _ in range(length.rounds):
            before = stack.gateway.cpu_ns()
            load = closedloop.run(stack.port, frames, SESSIONS, length.seconds, warm_up_s=0.5)
            ours.append((stack.gateway.cpu_ns() - before) / 1000 / load.sent)
            bare.append(echo.message_us(picture, SESSIONS, length.seconds))
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    note = f"{statistics.median(ours):.0f} us and {statistics.median(bare):.0f} us per frame"
    yield Line(Measure(_NAME, ratio, MOST), note)
