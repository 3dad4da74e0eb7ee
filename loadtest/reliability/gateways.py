"""Two gateways behind nginx, one of which stops or is killed, again and again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from framewire.client import AsyncClient, Outcome
from framewire.client import Result as Answer
from loadtest.camera import Camera, Frame
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.proxy import Proxy
from loadtest.reliability.result import Result
from loadtest.stack import SecondGateway, Stack

CLIENTS, RATE = 8, 5.0
WITNESSES = 4
# A client waits up to one and a half times as long, so that not all return at the same moment.
PAUSE_MS = 600
LONGEST_BREAK_S = 1.5
SETTLE_S = 10.0


@dataclass(frozen=True)
class Size:
    """How many times a gateway ends, how long it is away, and how long both then serve.

    A session that lasted five seconds counts as proven: after it, clients come back sooner.
    """

    times: int
    away_s: float
    calm_s: float


FULL = Size(10, 3.0, 5.0)
QUICK = Size(2, 1.5, 0.5)


class Viewer:
    """A client that offers pictures at a fixed rate. ``answers`` has the time of each result."""

    def __init__(self) -> None:
        self.offered = 0
        self.outcomes: Counter[str] = Counter()
        self.answers: list[float] = []
        self._waiting: set[asyncio.Future[Outcome]] = set()

    async def watch(self, port: int, pictures: Sequence[bytes], stop: asyncio.Task[Any]) -> None:
        """Offer pictures until ``stop`` is done, and wait for the last outcomes."""
        async with AsyncClient(f"ws://127.0.0.1:{port}/ws") as client:
            while not stop.done():
                offer = client.offer(pictures[self.offered % len(pictures)])
                self.offered += 1
                self._waiting.add(offer)
                offer.add_done_callback(self._note)
                await asyncio.wait({stop}, timeout=1 / RATE)
            if self._waiting:
                await asyncio.wait(self._waiting, timeout=SETTLE_S)

    def break_s(self, since: float, until: float) -> float:
        """Return the longest time between two results, the second of them in that time."""
        pairs = zip(self.answers, self.answers[1:], strict=False)
        return max((after - before for before, after in pairs if since <= after < until), default=0)

    def _note(self, offer: asyncio.Future[Outcome]) -> None:
        self._waiting.discard(offer)
        outcome = offer.exception() or offer.result()
        self.outcomes[type(outcome).__name__] += 1
        if isinstance(outcome, Answer):
            self.answers.append(time.perf_counter())


class Witness(Camera):
    """A camera of one gateway. ``warned``: it was told that the gateway is going away."""

    warned = False

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "going_away":
            self.warned = self.stopped = True
        super()._on_message(message)

    @property
    def satisfied(self) -> bool:
        """Whether it was warned, and has the outcome of every frame."""
        return self.warned and not self._sent_at


@dataclass(frozen=True)
class End:
    """One gateway's end: by which signal, when, and how many of its witnesses were satisfied."""

    signal: str
    at: float
    satisfied: int


def run(stack: Stack, size: Size) -> Result:
    """End one of two gateways after the other, by SIGTERM and SIGKILL in turn, and restart it."""
    if not Proxy.available():
        return Result("gateways", [], ["not run: nginx is not installed"])
    flags = ("--log-level=warning", f"--reconnect-after-ms={PAUSE_MS}")
    stack.restart_gateway(*flags)
    with (
        tempfile.TemporaryDirectory() as folder,
        SecondGateway(stack, *flags) as other,
        Proxy(Path(folder), [stack.port, other.port]) as proxy,
    ):
        viewers, ends = asyncio.run(_run(proxy.port, (stack, other), size))
    stack.restart_gateway("--log-level=warning")
    return Result("gateways", _measures(viewers, ends), [_note(viewers)])


async def _run(port: int, gateways: Sequence[Stack], size: Size) -> tuple[list[Viewer], list[End]]:
    pictures, viewers = camera_jpegs(12), [Viewer() for _ in range(CLIENTS)]
    frames = [Frame(picture) for picture in pictures]
    ending = asyncio.ensure_future(_end_all(gateways, frames, size))
    await asyncio.gather(*(viewer.watch(port, pictures, ending) for viewer in viewers))
    return viewers, await ending


async def _end_all(gateways: Sequence[Stack], frames: Sequence[Frame], size: Size) -> list[End]:
    """Alternate between the gateways, and between the signals after both."""
    ends = []
    await asyncio.sleep(size.calm_s)
    for number in range(size.times):
        gateway, kind = gateways[number % 2], ("SIGTERM", "SIGKILL")[(number + number // 2) % 2]
        witnesses = await _witnesses(gateway.port, frames) if kind == "SIGTERM" else []
        at, process = time.perf_counter(), gateway.gateway
        await asyncio.to_thread(process.terminate if kind == "SIGTERM" else process.kill)
        await asyncio.sleep(0)  # the witnesses read what came last
        ends.append(End(kind, at, sum(witness.satisfied for witness in witnesses)))
        await asyncio.sleep(size.away_s)
        await asyncio.to_thread(gateway.start)
        await asyncio.sleep(size.calm_s)
    return ends


async def _witnesses(port: int, frames: Sequence[Frame]) -> list[Witness]:
    loop, opened = asyncio.get_running_loop(), []
    for _ in range(WITNESSES):
        _, witness = await loop.create_connection(partial(Witness, frames), "127.0.0.1", port)
        await witness.opened()
        opened.append(witness)
    return opened


def _measures(viewers: Sequence[Viewer], ends: Sequence[End]) -> list[Measure]:
    offered = sum(viewer.offered for viewer in viewers)
    outcomes = _outcomes(viewers)
    errors = sum(count for name, count in outcomes.items() if name not in ("Result", "Dropped"))
    stops = [end for end in ends if end.signal == "SIGTERM"]
    unwarned = WITNESSES * len(stops) - sum(end.satisfied for end in stops)
    text = "SIGTERM: sessions without going_away, or with an unanswered frame"
    return [
        Measure(f"frames without an outcome, of {offered:,}", offered - outcomes.total(), 0),
        Measure("frames with an error", errors, 0),
        Measure(text, unwarned, 0),
        *(
            Measure(f"{kind}: longest time without a result", longest, LONGEST_BREAK_S, "s")
            for kind, longest in _breaks(viewers, ends).items()
        ),
    ]


def _breaks(viewers: Sequence[Viewer], ends: Sequence[End]) -> dict[str, float]:
    """Return the longest time without a result of any client, by the signal that came before."""
    longest: dict[str, float] = {}
    for end, until in zip(ends, [*(end.at for end in ends[1:]), float("inf")], strict=True):
        seconds = max(viewer.break_s(end.at, until) for viewer in viewers)
        longest[end.signal] = max(longest.get(end.signal, 0.0), seconds)
    return longest


def _outcomes(viewers: Sequence[Viewer]) -> Counter[str]:
    return sum((viewer.outcomes for viewer in viewers), Counter())


def _note(viewers: Sequence[Viewer]) -> str:
    outcomes = _outcomes(viewers)
    results, dropped = outcomes["Result"], outcomes["Dropped"]
    return f"{CLIENTS} clients at {RATE:g} frames/s: {results:,} results, {dropped:,} dropped"
