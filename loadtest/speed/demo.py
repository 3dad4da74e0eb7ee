"""The demo model on both servers: throughput, added delay and memory."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtest import alone, closedloop, direct
from loadtest.camera import Frame
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.ratios import SESSIONS, best_batch
from loadtest.speed.line import Length, Line
from loadtest.stack import Stack


def measure(models: Path, length: Length, logs: Path) -> Iterator[Line]:
    """Yield many sessions relative to direct calls, one camera's added delay, and the memory."""
    pictures = camera_jpegs(24)
    frames = [Frame(picture) for picture in pictures]
    with Stack(models, logs=logs) as stack:
        yield _throughput(stack, pictures, frames, length)
        yield _delay(stack, pictures, length)
    with Stack(models, logs=logs) as stack:  # whose memory has not grown by other loads
        yield _memory(stack, frames, length)


def _throughput(
    stack: Stack, pictures: list[bytes], frames: Sequence[Frame], length: Length
) -> Line:
    """Compare the sessions with direct calls right before and right after them."""
    batch, calls = best_batch(stack.grpc_port, pictures, length.seconds)
    half_s, ratios = length.seconds / 2, []
    for _ in range(length.rounds):
        before = direct.measure(stack.grpc_port, pictures, batch, calls, half_s)
        many = closedloop.run(stack.port, frames, SESSIONS, length.seconds)
        after = direct.measure(stack.grpc_port, pictures, batch, calls, half_s)
        ratios.append(
            many.frames_per_s / statistics.mean([before.frames_per_s, after.frames_per_s])
        )
    name = f"{SESSIONS} sessions / direct calls at their best batch"
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {length.rounds} rounds"
    return Line(Measure(name, statistics.median(ratios), 0.97, at_least=True), spread)


def _delay(stack: Stack, pictures: Sequence[bytes], length: Length) -> Line:
    rounds = [
        alone.measure(stack.grpc_port, stack.port, pictures, length.seconds)
        for _ in range(length.rounds)
    ]
    added = statistics.median(measured.session_ms - measured.direct_ms for measured in rounds)
    note = (
        f"a direct call takes {statistics.median(measured.direct_ms for measured in rounds):.1f} ms"
    )
    return Line(
        Measure("delay that a camera on its own adds to a direct call", added, 0.5, "ms"), note
    )


def _memory(stack: Stack, frames: Sequence[Frame], length: Length) -> Line:
    closedloop.run(stack.port, frames, SESSIONS, length.memory_s)
    gateway, model_server = stack.gateway.pss_mb(), stack.model_server.pss_mb()
    name = f"gateway + model server, PSS after {length.memory_s:.0f} s of {SESSIONS} sessions"
    note = f"{gateway:.0f} + {model_server:.0f} MB"
    return Line(Measure(name, gateway + model_server, 600.0, "MB"), note)
