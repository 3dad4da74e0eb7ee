"""The gateway compared with direct Predict calls, in one run on one machine."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loadtest import alone, closedloop, direct
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack

SESSIONS = 64
BATCHES = (8, 16, 32)
CALLS = (2, 3)


@dataclass(frozen=True)
class Round:
    """One round: all measurements back to back, so that the machine's drift cancels out.

    ``best``: direct calls right before and right after the many sessions. ``gateway_us``: CPU
    time of the gateway per frame of those sessions, in microseconds.
    """

    best: tuple[direct.Direct, direct.Direct]
    one_per_call: direct.Direct
    lone_call: direct.Direct
    many: closedloop.Load
    gateway_us: float
    alone: alone.Alone

    @property
    def best_per_s(self) -> float:
        """Frames/s of direct calls at their best batch size."""
        return statistics.mean(measured.frames_per_s for measured in self.best)


def run(models: Path, seconds: float, rounds: int) -> None:
    """Measure ``rounds`` times and print each round and the medians."""
    pictures = camera_jpegs(24)
    frames = [Frame(picture) for picture in pictures]
    mean_kb = statistics.mean(map(len, pictures)) / 1000
    print(f"{len(pictures)} JPEGs of 640x480, {mean_kb:.0f} KB on average")
    with Stack(models) as stack:
        batch, calls = best_batch(stack.grpc_port, pictures, seconds)
        measured = []
        for number in range(rounds):
            measured.append(_round(stack, pictures, frames, batch, calls, seconds))
            _print_round(number, measured[-1])
        _print_ratios(measured)
        print(f"resident memory of the gateway: {stack.gateway.resident_mb():.0f} MB")


def best_batch(backend: int, pictures: list[bytes], seconds: float) -> tuple[int, int]:
    """Return the frames per call and the calls at a time that answer the most frames."""
    candidates = [
        direct.measure(backend, pictures, batch, calls, seconds / 2)
        for batch in BATCHES
        for calls in CALLS
    ]
    for candidate in candidates:
        print(
            f"direct, {candidate.calls} calls of {candidate.batch:2}: "
            f"{candidate.frames_per_s:7.0f} frames/s"
        )
    best = max(candidates, key=lambda candidate: candidate.frames_per_s)
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
        one_per_call=direct.measure(backend, pictures, 1, 3, seconds),
        lone_call=direct.measure(backend, pictures, 1, 1, seconds),
        alone=alone.measure(backend, stack.port, pictures, seconds),
    )


def _print_round(number: int, measured: Round) -> None:
    print(
        f"round {number + 1}: direct {measured.best_per_s:.0f} frames/s, "
        f"{SESSIONS} sessions {measured.many.frames_per_s:.0f} "
        f"(batch {measured.many.mean_batch:.1f}, p50 {measured.many.p50_ms:.0f} ms, "
        f"p99 {measured.many.p99_ms:.0f} ms), "
        f"one frame per call {measured.one_per_call.frames_per_s:.0f}; alone: "
        f"direct {measured.alone.direct_ms:.2f} ms, session {measured.alone.session_ms:.2f} ms"
    )


def _print_ratios(rounds: list[Round]) -> None:
    def median(value: Callable[[Round], float]) -> float:
        return statistics.median(map(value, rounds))

    of_best = median(lambda one_round: one_round.many.frames_per_s / one_round.best_per_s)
    of_three = median(
        lambda one_round: one_round.many.frames_per_s / one_round.one_per_call.frames_per_s
    )
    of_one = median(
        lambda one_round: one_round.many.frames_per_s / one_round.lone_call.frames_per_s
    )
    added_ms = median(lambda one_round: one_round.alone.session_ms - one_round.alone.direct_ms)
    gateway_us = median(lambda one_round: one_round.gateway_us)
    print(f"{SESSIONS} sessions / direct calls at their best batch size: {of_best:.2f}")
    print(f"{SESSIONS} sessions / one frame per call, one call at a time: {of_one:.2f}")
    print(f"{SESSIONS} sessions / one frame per call, three calls at a time: {of_three:.2f}")
    print(f"latency that one session adds to a direct call (median): {added_ms:.2f} ms")
    print(f"CPU time of the gateway per frame, {SESSIONS} sessions: {gateway_us:.0f} us")
