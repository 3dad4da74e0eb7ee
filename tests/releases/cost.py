"""What a shadow costs users: their frames through a gateway with one and one without, in turns.

The frames of a shadow are few, and so are those of users that meet them: what they do to the 99th
percentile is less than what that varies by from turn to turn. So the bound is held by an upper
limit that hardly varies: the percentile beside the one that the same frames would have if all that
met a call for the shadow had been answered at once.
"""

from __future__ import annotations

import asyncio
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from loadtest import paced
from loadtest.alternation import (
    Estimate,
    OtherWork,
    Round,
    alternate,
    of_percentiles,
    of_ratios,
    verdict,
)
from loadtest.camera import Frame
from loadtest.paced import Seen
from loadtest.pictures import camera_jpegs
from loadtest.stack import Process, SecondGateway, Stack

CAMERAS, RATE = 20, 3.0
LATE = 0.99
MOST = 0.03
"""How much later the latest of a hundred frames may be."""
SHARP = 0.01
"""Half the width of the interval from which on no more rounds are needed."""
LEAST_ROUNDS = 10
WARM_UP_S = 5.0

Frames: TypeAlias = "list[Seen]"
Span: TypeAlias = "tuple[float, float]"


class SteadyGateway(SecondGateway):
    """A gateway with a shadow, beside another one: see :mod:`tests.releases.steady`.

    ``calls`` is the file in which it notes the shadow's calls.
    """

    def __init__(self, beside: Stack, calls: Path, *flags: str) -> None:
        self.calls = calls
        super().__init__(beside, *flags)

    def _gateway(self, flags: Sequence[str]) -> Process:
        backend = f"--backend=127.0.0.1:{self._backend}"
        port = f"--port={self.port}"
        return Process("tests.releases.steady", str(self.calls), port, backend, *flags)


def measure(plain: Stack, shadowed: SteadyGateway, rounds: int, seconds: float) -> bool:
    """Print the ages of frames with and without a shadow.

    Returns False if those of the latest are more than ``MOST`` higher, or if that is not clear.
    """
    stacks = {False: plain, True: shadowed}

    def frames(with_shadow: bool) -> Frames:
        return asyncio.run(_frames(stacks[with_shadow], seconds))

    for stack in stacks.values():
        asyncio.run(_frames(stack, WARM_UP_S))
    pids = [plain.model_server.pid, plain.gateway.pid, shadowed.gateway.pid]
    seen: list[Round[Frames]] = []
    for one in alternate(frames, OtherWork(pids), rounds):
        seen.append(one)
        print(_line(len(seen), one), flush=True)
        counted = [entry for entry in seen if entry.counts]
        if len(counted) >= LEAST_ROUNDS and _limit(counted, shadowed.calls).margin <= SHARP:
            break
    return _print(seen, shadowed.calls)


def met(frames: Sequence[Seen], calls: Sequence[Span]) -> list[bool]:
    """Return for each frame whether it was on its way while a call was.

    A call counts as under way until the frames that met it are answered: others may have waited
    for them. ``calls`` are in order, and don't overlap.
    """
    extended: list[Span] = []
    for began, ended in calls:
        late = [seen.answered for seen in frames if seen.sent < ended and seen.answered > began]
        extended.append((began, max([ended, *late])))
    begins, ends = [began for began, _ in extended], [ended for _, ended in extended]
    return [bisect_left(begins, seen.answered) > bisect_right(ends, seen.sent) for seen in frames]


def _limit(rounds: Sequence[Round[Frames]], calls: Path) -> Estimate:
    """Return how much later the latest may be because of the shadow, at most."""
    lines = calls.read_text(encoding="ascii").splitlines()
    spans = [(float(began), float(ended)) for began, ended in map(str.split, lines)]
    compared = []
    for one in rounds:
        frames = one.with_it
        first, last = min(seen.sent for seen in frames), max(seen.answered for seen in frames)
        then = [span for span in spans if span[1] > first and span[0] < last]
        spared = [
            0.0 if hit else seen.ms for seen, hit in zip(frames, met(frames, then), strict=True)
        ]
        compared.append(Round(spared, _ages(frames), one.other_cores))
    return of_percentiles(compared, LATE)


def _line(number: int, one: Round[Frames]) -> str:
    note = "" if one.counts else f"  (does not count: others used {one.other_cores:.1f} cores)"
    without, with_it = _p99(one.without), _p99(one.with_it)
    return f"round {number}: p99 {without:.1f} ms, with a shadow {with_it:.1f} ms{note}"


def _print(rounds: Sequence[Round[Frames]], calls: Path) -> bool:
    counted = [one for one in rounds if one.counts]
    limit = _limit(counted, calls) if counted else None
    if limit is not None:
        for line in _figures(counted):
            print(line)
        by_round = of_ratios([_p99(one.with_it) / _p99(one.without) for one in counted])
        print(f"p99 with a shadow / without, median of the rounds: {by_round}")
        print(f"p99 with a shadow, beside all that met it answered at once: {limit}")
    found = verdict(rounds, limit, MOST)
    print(found.words)
    return found.held


def _figures(rounds: Sequence[Round[Frames]]) -> Iterator[str]:
    groups = {
        "without a shadow": [seen for one in rounds for seen in one.without],
        "with a shadow": [seen for one in rounds for seen in one.with_it],
    }
    for name, frames in groups.items():
        p50 = statistics.median(_ages(frames))
        yield f"{name}: {len(frames)} frames, p50 {p50:.2f} ms, p99 {_p99(frames):.2f} ms"


def _ages(frames: Sequence[Seen]) -> list[float]:
    return [seen.ms for seen in frames]


def _p99(frames: Sequence[Seen]) -> float:
    return sorted(_ages(frames))[int(len(frames) * LATE)]


async def _frames(stack: Stack, seconds: float) -> Frames:
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    cameras = await paced.connect(stack.port, frames, CAMERAS, RATE)
    await asyncio.sleep(seconds)
    await asyncio.gather(*(camera.finish() for camera in cameras))
    for camera in cameras:
        camera.leave()
    return [seen for camera in cameras for seen in camera.seen if seen.outcome == "result"]
