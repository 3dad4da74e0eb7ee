"""What a shadow costs users: their frames through a gateway with one and one without, in turns."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from loadtest import paced
from loadtest.alternation import OtherWork, Round, alternate, of_percentiles, of_ratios, verdict
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Process, SecondGateway, Stack

CAMERAS, RATE = 20, 3.0
LATE = 0.99
MOST = 0.03
"""How much later the latest of a hundred frames may be."""
SHARP = 0.015
"""Half the width of the interval from which on no more rounds are needed."""
LEAST_ROUNDS = 10
WARM_UP_S = 5.0

Ages: TypeAlias = "list[float]"


class SteadyGateway(SecondGateway):
    """A gateway with a shadow, beside another one: see :mod:`tests.releases.steady`."""

    def _gateway(self, flags: Sequence[str]) -> Process:
        backend = f"--backend=127.0.0.1:{self._backend}"
        return Process("tests.releases.steady", f"--port={self.port}", backend, *flags)


def measure(plain: Stack, shadowed: Stack, rounds: int, seconds: float) -> bool:
    """Print the ages of frames with and without a shadow.

    Returns False if those of the latest are more than ``MOST`` higher, or if that is not clear.
    """
    stacks = {False: plain, True: shadowed}

    def ages(with_shadow: bool) -> Ages:
        return asyncio.run(_ages(stacks[with_shadow], seconds))

    for stack in stacks.values():
        asyncio.run(_ages(stack, WARM_UP_S))
    pids = [plain.model_server.pid, plain.gateway.pid, shadowed.gateway.pid]
    seen: list[Round[Ages]] = []
    for one in alternate(ages, OtherWork(pids), rounds):
        seen.append(one)
        print(_line(len(seen), one), flush=True)
        counted = [entry for entry in seen if entry.counts]
        if len(counted) >= LEAST_ROUNDS and of_percentiles(counted, LATE).doubt <= SHARP:
            break
    return _print(seen)


def _line(number: int, one: Round[Ages]) -> str:
    note = "" if one.counts else f"  (does not count: others used {one.other_cores:.1f} cores)"
    without, with_it = _p99(one.without), _p99(one.with_it)
    return f"round {number}: p99 {without:.1f} ms, with a shadow {with_it:.1f} ms{note}"


def _print(rounds: Sequence[Round[Ages]]) -> bool:
    counted = [one for one in rounds if one.counts]
    estimate = of_percentiles(counted, LATE) if counted else None
    if estimate is not None:
        for line in _figures(counted):
            print(line)
        print(f"p99 with a shadow, over all frames: {estimate}")
        by_round = of_ratios([_p99(one.with_it) / _p99(one.without) for one in counted])
        print(f"p99 with a shadow, median of the rounds: {by_round}")
    found = verdict(rounds, estimate, MOST)
    print(found.words)
    return found.held


def _figures(rounds: Sequence[Round[Ages]]) -> Iterator[str]:
    groups = {
        "without a shadow": [age for one in rounds for age in one.without],
        "with a shadow": [age for one in rounds for age in one.with_it],
    }
    for name, ages in groups.items():
        p50 = statistics.median(ages)
        yield f"{name}: {len(ages)} frames, p50 {p50:.2f} ms, p99 {_p99(ages):.2f} ms"


def _p99(ages: Sequence[float]) -> float:
    return sorted(ages)[int(len(ages) * LATE)]


async def _ages(stack: Stack, seconds: float) -> Ages:
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    cameras = await paced.connect(stack.port, frames, CAMERAS, RATE)
    await asyncio.sleep(seconds)
    await asyncio.gather(*(camera.finish() for camera in cameras))
    for camera in cameras:
        camera.leave()
    return [seen.ms for camera in cameras for seen in camera.seen if seen.outcome == "result"]
