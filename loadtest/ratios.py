"""The gateway beside direct Predict calls, in one run on one machine."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from loadtest import alone, closedloop, direct
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack

SESSIONS = 64
BATCHES = (8, 16, 32)
CALLS = (2, 3)


@dataclass(frozen=True)
class Round:
    """One round: everything back to back, so that drift of the machine cancels.

    ``best`` are the direct calls right before the many sessions and right after them;
    ``gateway_us`` is the gateway's processor time for each frame of the many, in microseconds.
    """

    best: tuple[direct.Direct, direct.Direct]
    one_a_call: direct.Direct
    lone_call: direct.Direct
    many: closedloop.Closed
    gateway_us: float
    alone: alone.Alone

    @property
    def best_per_s(self) -> float:
        """Frames/s of direct calls at their best batch."""
        return statistics.mean(found.frames_per_s for found in self.best)


def run(seconds: float, rounds: int) -> None:
    """Measure and print."""
    pictures = camera_jpegs(24)
    frames = [Frame(picture) for picture in pictures]
    mean_kb = statistics.mean(map(len, pictures)) / 1000
    print(f"{len(pictures)} JPEGs of 640x480, {mean_kb:.0f} KB on average")
    with Stack() as stack:
        batch, calls = _best_batch(stack.grpc_port, pictures, seconds)
        measured = []
        for number in range(rounds):
            measured.append(_round(stack, pictures, frames, batch, calls, seconds))
            _print_round(number, measured[-1])
        _print_ratios(measured)
        print(f"gateway's resident memory: {stack.gateway.resident_mb():.0f} MB")


def _best_batch(backend: int, pictures: list[bytes], seconds: float) -> tuple[int, int]:
    found = [
        direct.measure(backend, pictures, batch, calls, seconds / 2)
        for batch in BATCHES
        for calls in CALLS
    ]
    for one in found:
        print(f"direct, {one.calls} calls of {one.batch:2}: {one.frames_per_s:7.0f} frames/s")
    best = max(found, key=lambda one: one.frames_per_s)
    return best.batch, best.calls


def _round(
    stack: Stack,
    pictures: list[bytes],
    frames: list[Frame],
    batch: int,
    calls: int,
    seconds: float,
) -> Round:
    backend = stack.grpc_port
    before = direct.measure(backend, pictures, batch, calls, seconds / 2)
    used_s = stack.gateway.cpu_s()
    many = closedloop.run(stack.port, frames, SESSIONS, seconds)
    used_s = stack.gateway.cpu_s() - used_s
    after = direct.measure(backend, pictures, batch, calls, seconds / 2)
    return Round(
        best=(before, after),
        many=many,
        gateway_us=used_s * 1e6 / many.sent,
        one_a_call=direct.measure(backend, pictures, 1, 3, seconds),
        lone_call=direct.measure(backend, pictures, 1, 1, seconds),
        alone=alone.measure(backend, stack.port, pictures, seconds),
    )


def _print_round(number: int, one: Round) -> None:
    print(
        f"round {number + 1}: direct {one.best_per_s:.0f} frames/s, "
        f"{SESSIONS} sessions {one.many.frames_per_s:.0f} "
        f"(batch {one.many.mean_batch:.1f}, p50 {one.many.p50_ms:.0f} ms, "
        f"p99 {one.many.p99_ms:.0f} ms), "
        f"one frame a call {one.one_a_call.frames_per_s:.0f}; alone: "
        f"direct {one.alone.direct_ms:.2f} ms, session {one.alone.session_ms:.2f} ms"
    )


def _print_ratios(measured: list[Round]) -> None:
    def median(values: list[float]) -> float:
        return statistics.median(values)

    of_best = median([one.many.frames_per_s / one.best_per_s for one in measured])
    of_three = median([one.many.frames_per_s / one.one_a_call.frames_per_s for one in measured])
    of_one = median([one.many.frames_per_s / one.lone_call.frames_per_s for one in measured])
    added = median([one.alone.session_ms - one.alone.direct_ms for one in measured])
    used_us = median([one.gateway_us for one in measured])
    print(f"{SESSIONS} sessions / direct at its best batch: {of_best:.2f}")
    print(f"{SESSIONS} sessions / one frame a call, one call at a time: {of_one:.2f}")
    print(f"{SESSIONS} sessions / one frame a call, three calls at a time: {of_three:.2f}")
    print(f"one session adds to a direct call (median): {added:.2f} ms")
    print(f"gateway's processor time a frame, {SESSIONS} sessions: {used_us:.0f} us")
