"""The time from ``framewire demo`` to its first answer, with the model exported."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from loadtest.camera import Frame
from loadtest.lonecamera import LoneCamera
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.speed.line import Length, Line
from loadtest.stack import START_S, Process, free_port

STARTS = 5
POLL_S = 0.02


def measure(models: Path, length: Length, logs: Path) -> Iterator[Line]:
    """Yield the median of a few starts."""
    [picture] = camera_jpegs(1)
    log = logs / "demo.log"
    took = [_start_s(models, picture, log) for _ in range(min(STARTS, length.rounds))]
    note = f"{min(took):.1f} to {max(took):.1f} s in {len(took)} starts"
    name = "framewire demo to its first answer, model exported"
    yield Line(Measure(name, statistics.median(took), 3.0, "s"), note)


def _start_s(models: Path, picture: bytes, log: Path) -> float:
    port, grpc_port, rest_port = (str(free_port()) for _ in range(3))
    ports = ("--port", port, "--grpc-port", grpc_port, "--rest-port", rest_port)
    demo = Process("framewire", "demo", "--directory", str(models), *ports, log=log)
    started = time.monotonic()
    demo.start()
    try:
        while not _answers(int(port), picture):
            if time.monotonic() - started > START_S or not demo.running:
                raise TimeoutError("the demo answered no frame")
            time.sleep(POLL_S)
        return time.monotonic() - started
    finally:
        demo.terminate()


def _answers(port: int, picture: bytes) -> bool:
    try:
        with LoneCamera(port, [Frame(picture)]) as camera:
            camera.ask()
            return True
    except OSError:  # nothing listens yet, or there is no model yet
        return False
