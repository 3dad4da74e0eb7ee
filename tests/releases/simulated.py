"""What a shadow costs users, simulated: the real policies on a clock of their own.

The figures of a run on a busy machine say more about its other work than about the shadow. Here,
service times are those of the demo model, and calls share the cores of one model server.
"""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import Any

from server.core.batching import Batch
from server.core.concurrency import CallOutcome, ConcurrencyLimit
from server.core.mirroring import Mirroring
from tests.server.core.simulation import SharedServer, World, cameras

SETTLE_S = 0.001
FPS = 5.0
SEEDS = (1, 2, 3)
STEADY_S = (200.0, 500.0)
"""From when on to when it is measured; what a new candidate has in advance is used up by then."""


class ShadowedWorld(World):
    """A gateway whose answered frames all go to a shadow as well, as far as there is room."""

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        self.mirroring = Mirroring()
        self.compared = 0
        self._waits = False
        self._due = False
        self._own = random.Random(9)

    @property
    def _users_calls(self) -> int:
        return self.batcher.statistics().calls

    def _finish(self, batch: Batch, outcome: CallOutcome) -> None:
        super()._finish(batch, outcome)
        self._waits = True
        self._schedule()

    def _schedule(self) -> None:
        ready_at = self.mirroring.ready_at(self._users_calls)
        if self._waits and ready_at is not None and not self._due:
            self._due = True
            self.clock.at(max(ready_at, self.clock.now + SETTLE_S), self._mirror)

    def _mirror(self) -> None:
        self._due = False
        if self.mirroring.ready_at(self._users_calls) is None:
            return
        self._waits = False
        self.mirroring.began(self.clock.now)
        self.server.serve(self.clock, self._own, 1, self._mirrored)

    def _mirrored(self, outcome: str) -> None:
        self.mirroring.ended(self.clock.now)
        self.compared += 1
        self._schedule()


@dataclass(frozen=True)
class Cost:
    """The 99th percentile of ages, in ms, and how many frames a shadow got per second."""

    p99_ms: float
    compared_per_s: float


def cost(kind: type[World], cores: int, sessions: int, seed: int) -> Cost:
    """Observe ``sessions`` cameras with ``FPS`` frames a second each."""
    world = kind(
        SharedServer(cores=cores), ConcurrencyLimit(256), cameras(sessions, FPS), seed=seed
    ).run(STEADY_S[1])
    compared = getattr(world, "compared", 0) / STEADY_S[1]
    return Cost(1000 * world.age_s(0.99, *STEADY_S), compared)


def table() -> None:
    """Print the 99th percentiles with and without a shadow, the mean of some seeds."""
    print("| cores | frames/s | p99 without | with | | compared/s |", flush=True)
    print("|---|---|---|---|---|---|")
    for cores, sessions in ((1, 4), (1, 12), (2, 4), (2, 12), (2, 24)):
        pairs = [
            (cost(World, cores, sessions, seed), cost(ShadowedWorld, cores, sessions, seed))
            for seed in SEEDS
        ]
        without, with_it = (
            statistics.mean(c.p99_ms for c in one) for one in zip(*pairs, strict=True)
        )
        per_s = statistics.mean(shadowed.compared_per_s for _, shadowed in pairs)
        print(
            f"| {cores} | {sessions * FPS:.0f} | {without:.2f} ms | {with_it:.2f} ms | "
            f"{with_it / without - 1:+.1%} | {per_s:.1f} |",
            flush=True,
        )
