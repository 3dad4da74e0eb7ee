"""How many Predict calls may be under way at once, and how far apart they start.

The right number belongs to the model server, and it changes. A server whose cores are
busy gains nothing from another call: the call waits there instead of here, where its
frames could still be replaced, and batches get smaller. A server 100 ms away needs
dozens of calls under way to be busy at all. One signal tells the two apart: whether the
call that takes the last slot is slower than a call of the same size that finds the
slots free.

The policy:

* A call is *uncrowded* if it took one of the first third of the slots and no more than a
  third were taken when it finished. Uncrowded calls teach the baseline of their kind
  (:mod:`server.core.baseline`).
* A call is *crowded* if it took the last slot. ``max(4, limit)`` crowded calls that
  started after the last change make a round; its ratio is their latency over their
  baseline. The limit becomes limit x 1.15 / ratio + 0.5, but no less than half of what it
  was. Until a ratio first exceeds 1.1, each round multiplies it by 1.5 instead.
  For a server with ``c`` cores, ``s`` seconds a call and ``d`` seconds of network, it settles
  near 1.15 x c x (d + s) / s + 0.5: at 3 calls for two cores on the same machine.
* Without crowded calls the limit stays as it is: it has not been tested.
* Under steady load no call is uncrowded. After 10 s of that (75 calls' time, if that is
  longer), at a ratio above 2, or when batches outgrow all measured ones, a *probe*
  begins: a third of the limit applies until four calls have measured the baseline anew. So
  a server that became slower, or farther away, is not mistaken for a queue forever.
* A call is *lost* if the server refused it as full, or its frames expired although it had
  as much time as an uncrowded call takes. When more than half of a round is lost, the
  limit returns to that of the last round that was answered and stays there for a pause
  that doubles with each repetition, from 4 s to 64 s. If it was no higher than that, it
  gets a second chance, and then is halved.
* A lost call says nothing about the server while that answers calls of another kind, and
  a call that failed for any other reason never does, however quickly it failed.
* Beyond the first ``burst`` calls, starts are at least latency / limit apart. Otherwise
  calls to a distant server return in a bunch and leave in a bunch, and its slots stay
  empty for most of each round trip.
* After ``IDLE_S`` without a call, the limit is at least ``initial`` again.

Worst cases. A camera alone has at most ``window - 1`` frames in flight: if ``burst`` is
no less and ``initial`` is greater, none of its frames waits for a slot, unless calls were
lost just before. Growing from 8 to 64 calls takes six rounds, each of one round
trip or more. A probe costs four calls at a third of the slots, in which batches are larger.
When a server pauses, the limit is halved once for each deadline that passes; it grows
by half in each round that is answered again.

Simulated (tests/server/core/test_concurrency.py) with full batches of 39 ms on two cores,
it answers at least 0.95 of the frames that the best constant answers, from light load to
threefold overload, near or 100 ms away. With batches of 390 ms under threefold overload,
where one call too many lets nearly every frame expire, it is 0.6 to 0.98.

The caller must: start a call only when ``ready_at`` is not in the future, and ask again
at that time; call ``started`` for each call, and ``finished`` exactly once with its
outcome.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from server.core.baseline import Baseline

CallOutcome = Literal["answered", "expired", "overloaded", "failed"]
"""``expired``: its frames ran out of time; ``overloaded``: the server was full."""

INITIAL_CALLS = 8
TOLERANCE, SPARE = 1.15, 0.5
GROWS_BELOW, GROWTH = 1.1, 1.5
PROBES_ABOVE, PROBE_CALLS = 2.0, 4
PROBE_EVERY_S, PROBE_EVERY_CALLS = 10.0, 75
FIRST_PAUSE_S, LONGEST_PAUSE_S = 4.0, 64.0
IDLE_S = 1.0
MIN_ROUND = 4
MAX_KINDS = 256


@dataclass(frozen=True, slots=True)
class Call:
    """A call under way: when it started, as which of how many, and in which round."""

    started: float
    position: int
    limit: int
    round: int


@dataclass(slots=True)
class _Round:
    """What is learned from the calls that started with one limit."""

    number: int
    crowded: int = 0
    lost: int = 0
    latency_s: float = 0.0
    expected_s: float = 0.0

    @property
    def ratio(self) -> float:
        """How much slower crowded calls were than uncrowded ones would have been."""
        return self.latency_s / self.expected_s if self.crowded else 1.0


class ConcurrencyLimit:
    """The policy above. Pure: time is an argument, in monotonic seconds.

    ``limit`` is how many calls may be under way now, and ``maximum`` the most it can become.
    """

    def __init__(self, maximum: int = 256, *, initial: int = INITIAL_CALLS, burst: int = 3) -> None:
        self.maximum = maximum
        self.limit = self._initial = min(initial, maximum)
        self._burst = burst
        self._bound = float(self._initial)
        self._under_way = 0
        self._next_start = 0.0
        self._idle_since = float("inf")
        self._baselines: OrderedDict[Hashable, Baseline] = OrderedDict()
        self._latency_s = 0.0  # of an uncrowded call like the last one
        self._answered: tuple[Hashable, float] = (None, 0.0)  # the last one's kind and start
        self._measured = 0.0  # when a call was uncrowded for the last time
        self._probe_left = 0  # uncrowded calls until the probe ends
        self._round = _Round(0)
        self._good = self._initial  # the limit of the last round that was answered
        self._second_chance = False
        self._accelerates = True
        self._ceiling_until = float("-inf")
        self._pause_s = FIRST_PAUSE_S

    def ready_at(self, now: float) -> float | None:
        """Return when the next call may start if none ends before; None: not before one ends."""
        if self._under_way >= self.limit:
            return None
        return now if self._under_way < self._burst else max(now, self._next_start)

    def started(self, now: float) -> Call:
        """Count a call that starts at ``now``."""
        if self.limit < self._initial and now - self._idle_since >= IDLE_S:
            self._set(self._initial)
        self._idle_since = float("inf")
        self._under_way += 1
        self._next_start = now + self._latency_s / self.limit
        return Call(now, self._under_way, self.limit, self._round.number)

    def finished(
        self, call: Call, now: float, kind: Hashable, frames: int, outcome: CallOutcome
    ) -> None:
        """Learn from a call that ended. Calls of one ``kind`` cost alike, frame by frame."""
        busiest = max(call.position, self._under_way)
        self._under_way -= 1
        if not self._under_way:
            self._idle_since = now
        baseline, latency = self._baseline(kind), now - call.started
        current = call.round == self._round.number
        if outcome == "answered":
            self._answered = kind, call.started
            # The very first calls have nothing to go by but how they started.
            if busiest <= self._few or (not baseline.known and call.position <= self._few):
                self._measure(baseline, frames, latency, current, now)
            if current and call.position >= call.limit:
                self._compare(baseline.expected(frames), latency, now)
        elif current and outcome != "failed":
            in_time = outcome == "expired" and latency <= baseline.at_least(frames)
            if not in_time and not self._answers_others(kind, call.started):
                self._round.lost += 1
                self._close_round(now)
        self._latency_s = baseline.at_least(frames)

    @property
    def _few(self) -> int:
        """A third of the slots: a call among so few is uncrowded."""
        return (round(self._bound) + 2) // 3

    def _answers_others(self, kind: Hashable, since: float) -> bool:
        """Return whether the last answered call is of another kind and started no earlier."""
        answered, started = self._answered
        return answered not in (None, kind) and started >= since

    def _baseline(self, kind: Hashable) -> Baseline:
        baseline = self._baselines.setdefault(kind, Baseline())
        self._baselines.move_to_end(kind)
        if len(self._baselines) > MAX_KINDS:
            self._baselines.popitem(last=False)
        return baseline

    def _measure(
        self, baseline: Baseline, frames: int, latency: float, current: bool, now: float
    ) -> None:
        baseline.add(frames, latency)
        self._measured = now
        if current and self._probe_left:
            self._probe_left -= 1
            if not self._probe_left:
                self._start_round()

    def _compare(self, expected: float | None, latency: float, now: float) -> None:
        if self._probe_left:
            return
        if expected is None:
            self._start_probe()
            return
        self._round.crowded += 1
        self._round.latency_s += latency
        self._round.expected_s += expected
        self._close_round(now)

    def _close_round(self, now: float) -> None:
        """Follow what the round says, if it is complete."""
        size = max(MIN_ROUND, self.limit)
        if self._round.lost * 2 > size:
            self._back_off(now)
        elif self._round.crowded + self._round.lost >= size:
            self._adjust(self._round.ratio, now)

    def _adjust(self, ratio: float, now: float) -> None:
        self._good = self.limit
        self._second_chance = True
        unmeasured_s = now - self._measured
        due_s = max(PROBE_EVERY_S, PROBE_EVERY_CALLS * self._latency_s)
        if unmeasured_s >= due_s or (ratio > PROBES_ABOVE and unmeasured_s > IDLE_S):
            self._start_probe()
            return
        self._accelerates = self._accelerates and ratio < GROWS_BELOW
        if self._accelerates:
            bound = self._bound * GROWTH
        else:
            bound = self._bound * max(0.5, TOLERANCE / ratio) + SPARE
        self._set(min(bound, self._good) if now < self._ceiling_until else bound)

    def _back_off(self, now: float) -> None:
        self._probe_left = 0
        if self.limit > self._good:
            calm = now - self._ceiling_until > LONGEST_PAUSE_S
            self._pause_s = FIRST_PAUSE_S if calm else min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._ceiling_until = now + self._pause_s
        elif self._second_chance:
            self._second_chance = False
        else:
            self._good = max(1, self.limit // 2)
            self._accelerates = True
        self._set(self._good)

    def _set(self, bound: float) -> None:
        self._bound = float(max(1, min(bound, self.maximum)))
        self._start_round()

    def _start_probe(self) -> None:
        for baseline in self._baselines.values():
            baseline.distrust()
        self._probe_left = PROBE_CALLS
        self._start_round()

    def _start_round(self) -> None:
        """Let a change apply: to the limit, and to the calls that start from now on."""
        self.limit = self._few if self._probe_left else round(self._bound)
        self._round = _Round(self._round.number + 1)
