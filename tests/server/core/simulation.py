"""A discrete-event simulation: cameras -> Batcher -> a model server, on a clock of its own.

Everything random comes from one seed, so a run is repeated exactly. No code under test
is replaced: frames go through the real ``Batcher``, calls through the real limit.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.core.batch import Batch
from server.core.batching import Batcher
from server.core.concurrency import Call, CallOutcome, ConcurrencyLimit
from server.core.messages import Frame
from server.core.model import Lane, ModelKey
from server.core.pace import EVERY_S, Pacer
from server.core.ring import Member
from server.core.slots import Limit, Slots

LANE = Lane(ModelKey("digits"), "serving_default")
STALENESS_S = 0.5
WINDOW = 4
THINKS_S = 0.002


class Clock:
    """Runs what was scheduled, in the order of time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()

    def at(self, when: float, do: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._events, (when, next(self._order), do, arguments))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, do, arguments = heapq.heappop(self._events)
            do(*arguments)
        self.now = until


class FixedLimit:
    """A constant number of slots, to compare with; ``worked_on`` of them without full batches."""

    def __init__(self, limit: int, worked_on: int | None = None) -> None:
        self.limit = self.maximum = limit
        self.worked_on = limit if worked_on is None else worked_on
        self._under_way = 0

    def ready_at(self, now: float, full: bool = True) -> float | None:
        return now if self._under_way < (self.limit if full else self.worked_on) else None

    def started(self, now: float) -> Call:
        self._under_way += 1
        return Call(now, self._under_way, self.limit, 0)

    def finished(
        self, call: Call, now: float, kind: Any, frames: int, outcome: CallOutcome
    ) -> None:
        self._under_way -= 1


@dataclass
class Server:
    """A model server: a batch of n takes ``fixed_s + n * frame_s`` on one of its cores.

    ``delay_s`` is the network's round trip and ``jitter_s`` the mean of what is added to
    it at random; ``noise`` the relative spread of a batch's service time. ``pauses`` are
    spans in which nothing progresses, ``failures`` spans in which every call fails at
    once, and ``slower`` a span and the factor by which it is slower.
    """

    cores: int = 2
    fixed_s: float = 0.004
    frame_s: float = 0.0022
    delay_s: float = 0.0
    jitter_s: float = 0.0
    noise: float = 0.1
    pauses: Sequence[tuple[float, float]] = ()
    failures: Sequence[tuple[float, float]] = ()
    slower: tuple[float, float, float] = (0.0, 0.0, 1.0)
    _free_at: list[float] = field(default_factory=list)

    def serve(self, clock: Clock, rng: random.Random, frames: int, done: Callable[[str], None]):
        """Call ``done`` with the outcome once the answer is back at the gateway."""
        there, back = self._trip(rng), self._trip(rng)
        clock.at(clock.now + there, self._arrive, clock, rng, frames, back, done)

    def _arrive(
        self,
        clock: Clock,
        rng: random.Random,
        frames: int,
        back: float,
        done: Callable[[str], None],
    ) -> None:
        if any(start <= clock.now < end for start, end in self.failures):
            clock.at(clock.now + 0.001 + back, done, "failed")
            return
        self._work(clock, self._service_s(clock.now, rng, frames), back, done)

    def _work(self, clock: Clock, work: float, back: float, done: Callable[[str], None]) -> None:
        """First come, first served."""
        if not self._free_at:
            self._free_at = [0.0] * self.cores
        start = max(clock.now, heapq.heappop(self._free_at))
        end = start + work
        for first, last in self.pauses:
            if first < end and start < last:
                end += last - max(start, first)
        heapq.heappush(self._free_at, end)
        clock.at(end + back, done, "answered")

    def _trip(self, rng: random.Random) -> float:
        return self.delay_s / 2 + (rng.expovariate(2 / self.jitter_s) if self.jitter_s else 0.0)

    def _service_s(self, now: float, rng: random.Random, frames: int) -> float:
        first, last, factor = self.slower
        base = (self.fixed_s + frames * self.frame_s) * (factor if first <= now < last else 1.0)
        return base * max(0.5, rng.gauss(1.0, self.noise))


class SharedServer(Server):
    """One whose calls share its cores instead of waiting for one, as threads do."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._jobs: list[list[Any]] = []  # work left, back, done
        self._advanced = 0.0
        self._version = 0

    def _work(self, clock: Clock, work: float, back: float, done: Callable[[str], None]) -> None:
        self._advance(clock.now)
        self._jobs.append([work, back, done])
        self._schedule(clock)

    def _advance(self, now: float) -> None:
        share = (now - self._advanced) * self._speed()
        for job in self._jobs:
            job[0] -= share
        self._advanced = now

    def _speed(self) -> float:
        return min(1.0, self.cores / max(1, len(self._jobs)))

    def _schedule(self, clock: Clock) -> None:
        self._version += 1
        if self._jobs:
            left = max(0.0, min(job[0] for job in self._jobs))
            clock.at(clock.now + left / self._speed(), self._complete, clock, self._version)

    def _complete(self, clock: Clock, version: int) -> None:
        if version != self._version:
            return
        self._advance(clock.now)
        ended = [job for job in self._jobs if job[0] <= 1e-9]
        self._jobs = [job for job in self._jobs if job[0] > 1e-9]
        for _, back, done in ended:
            clock.at(clock.now + back, done, "answered")
        self._schedule(clock)


@dataclass
class Camera:
    """Sends ``fps`` frames a second from ``start`` to ``end``, as far as its window allows.

    ``keeps_window``: it sends nothing while ``WINDOW`` frames have no outcome.
    ``obeys``: it keeps to the pace that it is advised. ``closed``: instead of at a rate, it
    sends a frame about 2 ms after the outcome of the last one. ``in_step``: it captures at the
    same moments as all others of its rate.
    """

    name: str
    fps: float
    start: float = 0.0
    end: float = 1e9
    keeps_window: bool = False
    obeys: bool = False
    closed: bool = False
    in_step: bool = False
    advised: float | None = None
    pending: int = 0
    next_id: int = 0

    @property
    def period_s(self) -> float:
        fps = self.fps
        if self.obeys and self.advised is not None:
            fps = min(fps, self.advised)
        return 1 / fps


@dataclass
class Sent:
    """What became of one frame; ``age_s`` is from its arrival to its outcome."""

    camera: str
    at: float
    outcome: str
    age_s: float


class World:
    """A gateway between cameras and one model server."""

    def __init__(
        self,
        server: Server,
        limit: Limit,
        cameras: Sequence[Camera],
        *,
        seed: int = 1,
        pace: Pacer | None = None,
        max_batch: int = 16,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.server, self.limit, self.pace = server, limit, pace
        self.rng = random.Random(seed)
        self._pump_due = 0.0
        self.cameras = {camera.name: camera for camera in cameras}
        self.log: list[Sent] = []
        self.limits: list[tuple[float, int]] = []
        self.advice: list[tuple[float, str, float | None]] = []
        self.batches: Counter[int] = Counter()
        self.batcher = Batcher(
            max_batch=max_batch, slots=Slots(limit), window=WINDOW, max_staleness_s=STALENESS_S
        )
        for camera in cameras:
            first = camera.start + (0 if camera.in_step else self.rng.random() / camera.fps)
            self.clock.at(first, self._capture, camera)
        if pace is not None:
            self.clock.at(0.0, self._advise)

    def run(self, until: float) -> World:
        self.clock.run(until)
        return self

    def _capture(self, camera: Camera) -> None:
        now = self.clock.now
        if now >= camera.end:
            return
        if not camera.closed:
            varies = 0.0 if camera.in_step else self.rng.uniform(-0.05, 0.05)
            self.clock.at(now + camera.period_s * (1 + varies), self._capture, camera)
        if camera.keeps_window and camera.pending >= WINDOW:
            return
        camera.next_id += 1
        camera.pending += 1
        if self.pace is not None:
            self.pace.received(camera.name)
        member = Member(camera.name, Frame(camera.next_id, "jpeg", b"", 1, 1), now)
        refused = self.batcher.offer(member, LANE, now)
        if refused is not None:
            self._resolve(*refused)
        self._pump()

    def _pump(self) -> None:
        now = self.clock.now
        while True:
            taken = self.batcher.take(now)
            for member in taken.expired:
                self._resolve(member, "expired")
            if taken.batch is None:
                break
            self._send(taken.batch)
        if taken.due_at is not None:
            self._pump_at(taken.due_at)

    def _pump_at(self, when: float) -> None:
        if when < self._pump_due or self._pump_due <= self.clock.now:
            self._pump_due = when
            self.clock.at(when, self._pump)

    def _send(self, batch: Batch) -> None:
        now = self.clock.now
        self.batches[len(batch.members)] += 1
        over: list[bool] = []

        def end(outcome: CallOutcome) -> None:
            if not over:
                over.append(True)
                self._finish(batch, outcome)

        self.server.serve(self.clock, self.rng, len(batch.members), end)
        self.clock.at(now + self.batcher.budget_s(batch.members, now), end, "expired")

    def _finish(self, batch: Batch, outcome: CallOutcome) -> None:
        now = self.clock.now
        for member in batch.members:
            self._resolve(member, outcome)
        self.batcher.done(batch, now, outcome)
        if isinstance(self.limit, ConcurrencyLimit):
            self.limits.append((now, self.limit.limit))
        self._pump()

    def _resolve(self, member: Member, outcome: str) -> None:
        now = self.clock.now
        camera = self.cameras[member.session]
        camera.pending -= 1
        if camera.closed:
            self.clock.at(now + THINKS_S * self.rng.uniform(0.5, 1.5), self._capture, camera)
        self.log.append(Sent(member.session, member.received, outcome, now - member.received))
        if self.pace is not None:
            self.pace.resolved(member.session, outcome == "answered")

    def _advise(self) -> None:
        assert self.pace is not None
        now = self.clock.now
        for camera in self.cameras.values():
            if camera.end <= now:
                self.pace.forget(camera.name)
        for advice in self.pace.advise(now, self.batcher.backlog.span(now)):
            self.cameras[advice.session].advised = advice.frames_per_s
            self.advice.append((now, advice.session, advice.frames_per_s))
        self.clock.at(now + EVERY_S, self._advise)

    # What came of it

    @property
    def mean_batch(self) -> float:
        return sum(size * n for size, n in self.batches.items()) / self.batches.total()

    def frames(self, since: float = 0.0, until: float = 1e9, camera: str = "") -> list[Sent]:
        return [s for s in self.log if since <= s.at < until and s.camera.startswith(camera)]

    def answered(self, since: float = 0.0, until: float = 1e9, camera: str = "") -> int:
        frames = self.frames(since, until, camera)
        return sum(frame.outcome == "answered" for frame in frames)

    def share(self, since: float = 0.0, until: float = 1e9, camera: str = "") -> float:
        """Answered frames of those sent."""
        return self.answered(since, until, camera) / len(self.frames(since, until, camera))

    def age_s(self, quantile: float, since: float = 0.0, until: float = 1e9) -> float:
        """The age of answers, at ``quantile``."""
        ages = sorted(s.age_s for s in self.frames(since, until) if s.outcome == "answered")
        return ages[min(len(ages) - 1, int(quantile * len(ages)))]


def cameras(count: int, fps: float, **values: Any) -> list[Camera]:
    """A fleet of equal cameras, named ``prefix`` and a number of two digits."""
    prefix = values.pop("prefix", "c")
    return [Camera(f"{prefix}{n:02}", fps, **values) for n in range(count)]
