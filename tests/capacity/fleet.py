"""Gateways that share model servers, simulated: the real policy on a clock of its own.

Nothing fails here; what is simulated is load. Service times are those of the demo model
(:class:`~tests.server.core.simulation.Server`), and a gateway's own CPU time is not part of it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from server.core.balancing import Balancer, Place
from server.core.batch import Batch
from server.core.batching import Batcher
from server.core.concurrency import CallOutcome, ConcurrencyLimit
from server.core.slots import Slots
from tests.server.core.backends import make_ready
from tests.server.core.simulation import (
    LANE,
    STALENESS_S,
    WINDOW,
    Camera,
    Clock,
    FixedLimit,
    SharedServer,
    World,
)

MAX_BATCH = 16
CALLS = 3
"""How many calls keep the two cores of a model server busy."""
FPS = 10.0


class ModelServer(SharedServer):
    """A simulated model server that counts the CPU time which calls have cost it.

    Of its calls, ``runs`` share its cores, and the others wait in a queue: the embedded model
    server runs one more than it has cores. TensorFlow Serving runs all of them (None).
    """

    def __init__(self, runs: int | None = None, **values: Any) -> None:
        super().__init__(**values)
        self.worked_s = 0.0
        self._runs = runs
        self._running = 0
        self._queue: deque[Callable[[], None]] = deque()

    def _work(self, clock: Clock, work: float, back: float, done: Callable[[str], None]) -> None:
        self.worked_s += work

        def ended(outcome: str) -> None:
            self._running -= 1
            self._start()
            clock.at(clock.now + back, done, outcome)

        self._queue.append(partial(self._run, clock, work, ended))
        self._start()

    def _start(self) -> None:
        while self._queue and (self._runs is None or self._running < self._runs):
            self._running += 1
            self._queue.popleft()()

    def _run(self, clock: Clock, work: float, ended: Callable[[str], None]) -> None:
        """Let a call have its share of the cores."""
        super()._work(clock, work, 0.0, ended)


class Gateway(World):
    """One gateway with its cameras; clock and model servers are shared with others."""

    def __init__(
        self,
        clock: Clock,
        servers: Sequence[ModelServer],
        fleet: Sequence[Camera],
        seed: int,
        max_calls: int,
    ) -> None:
        super().__init__(servers[0], FixedLimit(1), fleet, seed=seed, clock=clock)
        self.balancer = Balancer(lambda: Slots(ConcurrencyLimit(max_calls)))
        self.servers = {self.balancer.add(str(n)): server for n, server in enumerate(servers)}
        for place in self.servers:
            make_ready(place)
        self.batcher = Batcher(
            max_batch=MAX_BATCH,
            slots=self.balancer,
            window=WINDOW,
            max_staleness_s=STALENESS_S,
        )

    def _send(self, batch: Batch) -> None:
        place, started, frames = batch.call.place, self.clock.now, len(batch.members)
        self.batches[frames] += 1
        over: list[bool] = []

        def end(outcome: CallOutcome) -> None:
            if over:
                return
            over.append(True)
            if outcome == "answered":
                self._answered(place, frames, started)
            self._finish(batch, outcome)

        self.servers[place].serve(self.clock, self.rng, frames, end)
        self.clock.at(started + self.batcher.budget_s(batch.members, started), end, "expired")

    def _answered(self, place: Place, frames: int, started: float) -> None:
        place.frames += frames
        self.balancer.fleet.answered(place.health, LANE, frames, started, self.clock.now)


@dataclass(frozen=True)
class Observed:
    """What cameras got: ``answered`` of the frames sent; ages in ms; frames per call.

    ``busy``: the share of the model servers' CPU time that calls took.
    """

    answered: float
    frames_per_s: float
    p50_ms: float
    p99_ms: float
    mean_batch: float
    busy: float


def simulate(
    fleets: Sequence[Sequence[Camera]],
    servers: Sequence[ModelServer],
    *,
    max_calls: int = 256,
    seconds: float = 4.0,
    warm_s: float = 3.0,
    clock: Clock | None = None,
    gateway: Callable[..., Gateway] = Gateway,
) -> Observed:
    """Let one gateway for each fleet of cameras use all ``servers``; observe after ``warm_s``."""
    clock = clock or Clock()
    worlds = [
        gateway(clock, servers, fleet, number, max_calls)
        for number, fleet in enumerate(fleets, start=1)
    ]
    end = warm_s + seconds
    for camera in (camera for fleet in fleets for camera in fleet):
        camera.end = end
    clock.run(end + 2 * STALENESS_S)
    frames = [sent for world in worlds for sent in world.frames(since=warm_s)]
    ages = sorted(sent.age_s for sent in frames if sent.outcome == "answered")
    batches = sum((world.batches for world in worlds), Counter())
    cores = sum(server.cores for server in servers)
    return Observed(
        answered=len(ages) / len(frames),
        frames_per_s=len(ages) / seconds,
        p50_ms=1000 * ages[len(ages) // 2],
        p99_ms=1000 * ages[int(0.99 * len(ages))],
        mean_batch=sum(size * count for size, count in batches.items()) / batches.total(),
        busy=sum(server.worked_s for server in servers) / (cores * end),
    )


def full_frames_per_s(server: ModelServer) -> float:
    """Return what a model server answers with full batches."""
    return server.cores * MAX_BATCH / (server.fixed_s + MAX_BATCH * server.frame_s)


def observe(
    gateways: int, servers: int, load: float, max_calls: int = 256, runs: int | None = None
) -> Observed:
    """Let cameras offer ``load`` of what full batches allow, spread over all gateways."""
    shared = [ModelServer(runs) for _ in range(servers)]
    each = round(load * sum(map(full_frames_per_s, shared)) / FPS / gateways)
    fleets = [
        [Camera(f"{gateway}-{number}", FPS, keeps_window=True) for number in range(each)]
        for gateway in range(gateways)
    ]
    return simulate(fleets, shared, max_calls=max_calls)
