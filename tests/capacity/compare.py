"""``python -m tests.capacity.compare``: gateways that share a model server, real and simulated.

Needs the demo model in ``models/`` and a quiet machine of two cores, which all processes share.
Before and after all cases it measures the CPU time of calls and frames in each process: direct
calls with one frame and with full batches, then one session and many at a single gateway. With the
mean of these costs it simulates each case that it has run, and prints which of them agree.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import partial

from loadtest import accounts, closedloop, direct
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Process, Stack, free_port
from tests.capacity.fleet import CALLS, FPS, MAX_BATCH, simulate
from tests.capacity.machine import Costs, LocalGateway, LocalModelServer, Machine, Thread
from tests.server.core.simulation import Camera, Clock

SESSIONS = 64
START_S = 60.0
WARM_S = 12.0
"""Gateways probe every ten seconds how many calls the model server bears."""
MARGIN_S = 3.0
"""How much longer sessions run than they are measured."""
AGREE = 0.1
SHAPES = ((1, 256), (2, 256), (2, 2), (4, 256), (4, 1))
"""Gateways, and the ``max_calls`` of each."""
HEADINGS = (
    "gateways",
    "`max_calls`",
    "frames/s",
    "simulated",
    "ratio",
    "frames per call",
    "simulated",
    "ratio",
    "within 10%",
)


@dataclass(frozen=True)
class Observed:
    """Frames per second and frames per call, of all gateways together."""

    frames_per_s: float
    mean_batch: float


# Costs


def measured_costs(stack: Stack, pictures: Sequence[bytes], seconds: float) -> Costs:
    """Measure what a call and each of its frames cost the processes of ``stack``."""
    call_s, full_s = (_model_call_s(stack, pictures, batch, seconds) for batch in (1, MAX_BATCH))
    model_frame_s = (full_s - call_s) / (MAX_BATCH - 1)
    frames = [Frame(picture) for picture in pictures]
    alone, many = (_sessions(stack, frames, count, seconds) for count in (1, SESSIONS))
    gateway_call_s = max(0.0, alone.gateway_s - many.gateway_s) / (1 - 1 / many.mean_batch)
    return Costs(
        model_call_s=call_s - model_frame_s,
        model_frame_s=model_frame_s,
        gateway_call_s=gateway_call_s,
        gateway_frame_s=alone.gateway_s - gateway_call_s,
        camera_frame_s=many.camera_s,
    )


def mean(*measured: Costs) -> Costs:
    """Return the mean of each cost."""
    return Costs(*(statistics.mean(costs) for costs in zip(*map(astuple, measured), strict=True)))


def _model_call_s(stack: Stack, pictures: Sequence[bytes], batch: int, seconds: float) -> float:
    """Return the CPU time of one direct call, in seconds."""
    used_s, started = stack.model_server.cpu_s(), time.perf_counter()
    load = direct.measure(stack.grpc_port, pictures, batch, CALLS, seconds)
    used_s, elapsed_s = stack.model_server.cpu_s() - used_s, time.perf_counter() - started
    return used_s / elapsed_s * batch / load.frames_per_s


@dataclass(frozen=True)
class _PerFrame:
    """CPU time per frame, in seconds."""

    gateway_s: float
    camera_s: float
    mean_batch: float


def _sessions(stack: Stack, frames: Sequence[Frame], count: int, seconds: float) -> _PerFrame:
    """Measure while ``count`` sessions send frames, without what it costs to connect them."""
    loads: list[closedloop.Load] = []

    def run() -> None:
        loads.append(closedloop.run(stack.port, frames, count, seconds + MARGIN_S, 0.0))

    thread = threading.Thread(target=run)
    thread.start()
    _wait_until(lambda: accounts.metrics(stack.get)["framewire_sessions"] == count)
    answered = _answered(stack)
    gateway_s, cameras_s = stack.gateway.cpu_s(), time.process_time()
    time.sleep(seconds)
    gateway_s, cameras_s = stack.gateway.cpu_s() - gateway_s, time.process_time() - cameras_s
    answered = _answered(stack) - answered
    thread.join()
    _check(answered, seconds)
    return _PerFrame(gateway_s / answered, cameras_s / answered, loads[0].mean_batch)


def _answered(stack: Stack) -> float:
    return accounts.metrics(stack.get)["framewire_frames_total result"]


def _check(answered: float, seconds: float) -> None:
    """End the comparison if a gateway has answered nothing."""
    if not answered:
        raise SystemExit(f"no frame was answered in {seconds:g} s: this machine is too busy")


# Cases


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
            _wait_until(partial(_ready, f"http://127.0.0.1:{port}/readyz"))
        yield ports


def _ready(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
        return True
    return False


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {START_S:g} s, a gateway is still not ready")
        time.sleep(0.05)


def real(ports: Sequence[int], frames: Sequence[Frame], seconds: float) -> Observed:
    """Run sessions in a closed loop, divided among the gateways at ``ports``."""
    loads: list[closedloop.Load] = []

    def run(port: int) -> None:
        loads.append(closedloop.run(port, frames, SESSIONS // len(ports), seconds, WARM_S))

    threads = [threading.Thread(target=run, args=(port,)) for port in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for load in loads:
        _check(load.frames_per_s, seconds)
    answered = sum(load.frames_per_s for load in loads)
    calls = sum(load.frames_per_s / load.mean_batch for load in loads)
    return Observed(answered, answered / calls)


def simulated(gateways: int, max_calls: int, costs: Costs, warm_s: float = WARM_S) -> Observed:
    """Do the same on a simulated clock."""
    clock, machine = Clock(), Machine()
    fleets = [
        [Camera(f"{gateway}-{n}", FPS, closed=True) for n in range(SESSIONS // gateways)]
        for gateway in range(gateways)
    ]
    seen = simulate(
        fleets,
        [LocalModelServer(machine, costs)],
        max_calls=max_calls,
        warm_s=warm_s,
        clock=clock,
        gateway=partial(
            LocalGateway, machine=machine, cameras_thread=Thread(machine, clock), costs=costs
        ),
    )
    return Observed(seen.frames_per_s, seen.mean_batch)


# The report


def row(gateways: int, max_calls: int, seen: Observed, model: Observed) -> str:
    """Return a row of the table."""
    ratios = seen.frames_per_s / model.frames_per_s, seen.mean_batch / model.mean_batch
    agree = [abs(ratio - 1) <= AGREE for ratio in ratios]
    names = [name for name, agrees in zip(("frames/s", "batches"), agree, strict=True) if agrees]
    cells = (
        str(gateways),
        str(max_calls),
        f"{seen.frames_per_s:.0f}",
        f"{model.frames_per_s:.0f}",
        f"{ratios[0]:.2f}",
        f"{seen.mean_batch:.1f}",
        f"{model.mean_batch:.1f}",
        f"{ratios[1]:.2f}",
        "yes" if all(agree) else f"{names[0]} only" if names else "**no**",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run all cases, simulate them, and print a row for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.capacity.compare", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    seconds = parser.parse_args().seconds
    pictures = camera_jpegs(24)
    frames = [Frame(picture) for picture in pictures]
    seen = []
    with Stack() as stack:  # its own gateway is idle while others run
        before = measured_costs(stack, pictures, seconds / 2)
        for gateways, max_calls in SHAPES:
            with running(gateways, max_calls, stack.grpc_port) as ports:
                seen.append(real(ports, frames, seconds))
        after = measured_costs(stack, pictures, seconds / 2)
    costs = mean(before, after)
    for name, *values in zip(Costs.__annotations__, *map(astuple, (before, after)), strict=True):
        print(f"{name}: {', '.join(f'{1000 * value:.2f} ms' for value in values)}")
    print(f"| {' | '.join(HEADINGS)} |")
    print("|---" * len(HEADINGS) + "|")
    for (gateways, max_calls), observed in zip(SHAPES, seen, strict=True):
        model = simulated(gateways, max_calls, costs)
        print(row(gateways, max_calls, observed, model), flush=True)


if __name__ == "__main__":
    main()
