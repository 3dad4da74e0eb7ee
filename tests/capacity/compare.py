"""``python -m tests.capacity.compare``: gateways that share a model server, real and simulated.

Needs the demo model in ``models/`` and a quiet machine of two cores. Direct calls tell how long a
call and a frame in it take; what else runs on the cores, such as gateways and cameras, is not
simulated.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtest import closedloop, direct
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Process, Stack, free_port
from tests.capacity.fleet import CALLS, FPS, MAX_BATCH, ModelServer, simulate
from tests.server.core.simulation import Camera

SESSIONS = 64
START_S = 60.0
SHAPES = ((1, 256), (2, 256), (2, 2), (4, 256), (4, 1))
"""Gateways, and the ``max_calls`` of each."""


@dataclass(frozen=True)
class Row:
    """Frames per second and frames per call, of all gateways together."""

    frames_per_s: float
    mean_batch: float


@contextlib.contextmanager
def running(count: int, max_calls: int, backend: int) -> Iterator[list[int]]:
    """Start ``count`` gateways for the model server at a port. Yields their ports."""
    ports = [free_port() for _ in range(count)]
    flags = (f"--backend=127.0.0.1:{backend}", f"--max-calls={max_calls}", "--log-level=error")
    with contextlib.ExitStack() as stopping:
        for port in ports:
            gateway = Process("server", f"--port={port}", *flags)
            gateway.start()
            stopping.callback(gateway.terminate)
        for port in ports:
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        yield ports


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} does not become ready")
        time.sleep(0.1)


def real(ports: Sequence[int], frames: Sequence[Frame], seconds: float) -> Row:
    """Run sessions in a closed loop, divided among the gateways at ``ports``."""
    loads: list[closedloop.Load] = []

    def run(port: int) -> None:
        loads.append(closedloop.run(port, frames, SESSIONS // len(ports), seconds, 2.0))

    threads = [threading.Thread(target=run, args=(port,)) for port in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = sum(load.frames_per_s for load in loads)
    calls = sum(load.frames_per_s / load.mean_batch for load in loads)
    return Row(answered, answered / calls)


def simulated(gateways: int, max_calls: int, server: ModelServer) -> Row:
    """Do the same on a simulated clock."""
    fleets = [
        [Camera(f"{gateway}-{n}", FPS, closed=True) for n in range(SESSIONS // gateways)]
        for gateway in range(gateways)
    ]
    seen = simulate(fleets, [server], max_calls=max_calls)
    return Row(seen.frames_per_s, seen.mean_batch)


def fitted(port: int, pictures: Sequence[bytes], seconds: float) -> list[float]:
    """Return how long a call with one frame and one with a full batch take on a core, in s."""
    cores = ModelServer().cores
    return [
        cores * batch / direct.measure(port, pictures, batch, CALLS, seconds).frames_per_s
        for batch in (1, MAX_BATCH)
    ]


def model_server(*fits: Sequence[float]) -> ModelServer:
    """Return a simulated model server whose calls take as long as ``fits`` say on average."""
    one, full = (statistics.mean(times) for times in zip(*fits, strict=True))
    frame_s = (full - one) / (MAX_BATCH - 1)
    return ModelServer(fixed_s=one - frame_s, frame_s=frame_s)


def main() -> None:
    """Print a row for each shape."""
    parser = argparse.ArgumentParser(prog="python -m tests.capacity.compare", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    seconds = parser.parse_args().seconds
    pictures = camera_jpegs(24)
    frames = [Frame(picture) for picture in pictures]
    print("| gateways | `max_calls` | frames/s | simulated | frames per call | simulated |")
    print("|---|---|---|---|---|---|")
    with Stack() as stack:  # its own gateway is idle
        for gateways, max_calls in SHAPES:
            before = fitted(stack.grpc_port, pictures, seconds / 4)
            with running(gateways, max_calls, stack.grpc_port) as ports:
                seen = real(ports, frames, seconds)
            after = fitted(stack.grpc_port, pictures, seconds / 4)
            model = simulated(gateways, max_calls, model_server(before, after))
            print(
                f"| {gateways} | {max_calls} | {seen.frames_per_s:.0f} | {model.frames_per_s:.0f} "
                f"| {seen.mean_batch:.1f} | {model.mean_batch:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
