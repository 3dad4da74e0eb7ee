"""How many Predict calls may be under way at once, and how far apart they start.

The right number belongs to the model server, and it changes. A server whose cores are
busy gains nothing from another call: the call waits there instead of here, where its
frames could still be replaced, and batches get smaller. A server 100 ms away needs
dozens of calls under way to be busy at all. One signal tells the two apart: whether calls
are slower than calls of the same size that find the slots free.

The policy:

* A call is *uncrowded* if never more than a quarter of the slots, or two, were taken while
  it was under way. Uncrowded calls teach the baseline of their kind
  (:mod:`server.core.baseline`). Until one was seen, and again after 10 s without one,
  calls among ``burst`` count too: a distant camera alone has no others.
* The ``max(8, limit)`` calls that start after a change make a round. Its ratio is their
  latency over their baseline, weighted by frames: next to full batches, calls of one frame
  are short whatever the limit. The server *works on* as many calls as were under way,
  divided by the ratio; the others waited.
* The limit becomes 1.1 x the calls worked on + 0.5: downwards only if the ratio is above
  1.3 with more than a few calls under way, to half of what it was at most; upwards only
  if most calls of the round saw all slots taken, and only by a whole slot. Until a ratio
  first exceeds 1.1, each round that was full multiplies it by 1.5 instead; afterwards, one
  below 1.1 by at least 1.25 from 4 calls on.
  For a server with ``c`` cores, ``s`` seconds a call and ``d`` seconds of network, it settles
  near 1.1 x c x (d + s) / s + 0.5: at 3 calls for two cores on the same machine.
* A batch that is not full can still grow here, but not in the server's queue. So with as many
  calls under way as the server works on (``burst`` at least) only full batches start, until a
  ratio is below 1.1 again or no round was full for as long as a baseline lasts.
* Under steady load no call is uncrowded. After 10 s of that (75 calls' time, if that is
  longer), at a ratio above 2 or below 0.9, or when batches outgrow all measured ones, a
  *probe* begins: a quarter of the limit, or two, applies until four calls have measured the
  baseline anew. So a server that became slower, or farther away, is not mistaken for a queue
  forever, and one that is faster than at first, as after its first calls, not for one with room.
* A call is *lost* if the server refused it as full, or its frames expired although it had
  as much time as an uncrowded call takes. When more calls of a round are lost than answered, the
  limit returns to that of the last round that was answered and stays there for a pause
  that doubles with each repetition, from 4 s to 64 s. If it was no higher than that, it
  gets a second chance, and then is halved. Between one call and two it alternates: with one,
  frames may wait too long; with two, they may take too long.
* A lost call says nothing about the server while that answers calls of another kind, and
  a call that failed for any other reason never does, however quickly it failed.
* Beyond the first ``burst`` calls, starts are at least latency / limit apart. Otherwise
  calls to a distant server return in a bunch and leave in a bunch, and its slots stay
  empty for most of each round trip.
* After ``IDLE_S`` without a call, the limit is at least ``burst`` again.

Worst cases. A camera alone has at most ``window - 1`` frames in flight: if ``burst`` is
no less and ``initial`` is greater, none of its frames waits for a slot, unless calls were
lost within the last ``IDLE_S``. Growing from 5 to 64 calls takes seven rounds, each of one round
trip or more. A probe costs four calls at a quarter of the slots, in which batches are larger.
When a server pauses, the limit is halved once for each deadline that passes; it grows
by a quarter in each round that is answered again.

Simulated (tests/server/core/test_concurrency.py) with full batches of 39 ms on two cores,
it answers at least 0.95 of the frames that the best constant answers, from light load to
threefold overload, near or 100 ms away. With batches of 390 ms under threefold overload,
where one call too many lets nearly every frame expire, it is 0.82 to 0.85.

The caller must: start a call only when ``ready_at`` is not in the future, and ask again
at that time; call ``started`` for each call, and ``finished`` exactly once with its
outcome.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from server.core.baseline import Baseline
from server.core.lru import LRU

CallOutcome = Literal["answered", "expired", "overloaded", "failed"]
"""``expired``: its frames ran out of time; ``overloaded``: the server was full."""

INITIAL_CALLS = 5
TOLERANCE, SPARE = 1.1, 0.5
GROWS_BELOW, GROWTH, REGROWTH = 1.1, 1.5, 1.25
SHRINKS_ABOVE = 1.3
REGROWS_FROM = 4
LEAST_RATIO = 0.95  # a lower one says that the baseline is too high, not that there is more room
PROBES_BELOW, PROBES_ABOVE, PROBE_CALLS = 0.9, 2.0, 4
PROBE_EVERY_S, PROBE_EVERY_CALLS = 10.0, 75
FIRST_PAUSE_S, LONGEST_PAUSE_S = 4.0, 64.0
IDLE_S = 1.0
MIN_ROUND, MIN_LOST = 8, 4
WHOLE = 0.75  # by how much the limit must have grown to be one higher
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
    calls: int = 0
    under_way: int = 0  # the sum over all calls
    saw_full: int = 0
    lost: int = 0
    refused: bool = False
    outgrown: bool = False
    latency_s: float = 0.0  # the sum over all frames
    expected_s: float = 0.0  # likewise

    @property
    def ratio(self) -> float:
        """How much slower the calls were than uncrowded ones would have been."""
        return self.latency_s / self.expected_s if self.calls else 1.0

    @property
    def busy(self) -> float:
        """How many calls were under way on average."""
        return self.under_way / self.calls if self.calls else 0.0

    @property
    def full(self) -> bool:
        """Whether most calls saw all slots taken."""
        return self.saw_full * 2 > self.calls

    def add(self, busiest: int, full: bool, frames: int, latency: float, base: Baseline) -> None:
        """Count an answered call, with at most ``busiest`` under way."""
        self.calls += 1
        self.under_way += busiest
        self.saw_full += full
        self.outgrown |= base.expected(frames) is None
        self.latency_s += frames * latency
        self.expected_s += frames * base.at_least(frames)


class ConcurrencyLimit:
    """The policy above. Pure: time is an argument, in monotonic seconds.

    ``limit`` is how many calls may be under way now, and ``maximum`` the most it can become.
    Of these, ``worked_on`` may be of batches that are not full.
    """

    def __init__(self, maximum: int = 256, *, initial: int = INITIAL_CALLS, burst: int = 3) -> None:
        self.maximum = maximum
        self.limit = self.worked_on = self._initial = min(initial, maximum)
        self._burst = burst
        self._bound = float(self._initial)
        self._slots = self._initial  # the bound in whole calls; less apply during a probe
        self._few = _few(self._initial)
        self._under_way, self._next_start = 0, 0.0
        self._idle_since = float("inf")
        self._crowded_at = float("-inf")  # when more than a few were under way for the last time
        self._beyond_burst_at = float("-inf")  # and more than the burst
        self._full_at = float("-inf")  # when all slots were taken for the last time
        self._baselines: LRU[Hashable, Baseline] = LRU(MAX_KINDS, Baseline)
        self._latency_s = 0.0  # of an uncrowded call like the last one
        self._answered: tuple[Hashable, float] = (None, 0.0)  # the last one's kind and start
        self._measured = float("-inf")  # when a call was uncrowded for the last time
        self._probe_left = 0  # uncrowded calls until the probe ends
        self._worked_on_until = float("-inf")  # unless a round says so again
        self._round = _Round(0)
        self._good = self._initial  # the limit of the last round that was answered
        self._second_chance = False
        self._accelerates = True
        self._ceiling_until = float("-inf")
        self._pause_s = FIRST_PAUSE_S

    def ready_at(self, now: float, full: bool = True) -> float | None:
        """Return when a call of a ``full`` batch, or another, may start; None: after one ends."""
        if self._under_way >= (self.limit if full else min(self.limit, self.worked_on)):
            return None
        return now if self._under_way < self._burst else max(now, self._next_start)

    def started(self, now: float) -> Call:
        """Count a call that starts at ``now``."""
        if self.limit < self._burst and now - self._idle_since >= IDLE_S:
            self._set(self._burst)
        self._idle_since = float("inf")
        self._under_way += 1
        if self._under_way > self._few:
            self._crowded_at = now
            if self._under_way > self._burst:
                self._beyond_burst_at = now
        if self._under_way >= self.limit:
            self._full_at = now
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
        baseline = self._baselines.of(kind)
        if outcome == "answered":
            self._answered = kind, call.started
            self._learn(call, baseline, busiest, frames, now)
        elif outcome != "failed":
            self._lose(call, now, kind, outcome, baseline.at_least(frames))
        self._latency_s = baseline.at_least(frames)

    def _learn(self, call: Call, baseline: Baseline, busiest: int, frames: int, now: float) -> None:
        latency, current = now - call.started, call.round == self._round.number
        if busiest <= self._few and self._crowded_at < call.started:
            baseline.add(frames, latency)
            self._measured = now
            if current and self._probe_left:
                self._probe_left -= 1
                if not self._probe_left:
                    self._start_round()
                return
        elif not baseline.known or self._next_best(busiest, call.started, now):
            baseline.add(frames, latency)
        if current and not self._probe_left:
            self._round.add(busiest, self._full_at >= call.started, frames, latency, baseline)
            self._close_round(now)

    def _next_best(self, busiest: int, started: float, now: float) -> bool:
        """Return whether a call among ``burst`` is as good a measure as there is."""
        if busiest > self._burst or self._beyond_burst_at >= started:
            return False
        return now - self._measured >= self._due_s()

    def _lose(
        self, call: Call, now: float, kind: Hashable, outcome: CallOutcome, least_s: float
    ) -> None:
        """Count a call that was lost, unless that says nothing about the limit."""
        if outcome == "expired":
            if now - call.started <= least_s:
                return
            self._crowded_at = now + least_s  # the server may work on it for as long again
        if call.round == self._round.number and not self._answers_others(kind, call.started):
            self._round.lost += 1
            self._round.refused |= outcome == "overloaded"
            self._close_round(now)

    def _answers_others(self, kind: Hashable, since: float) -> bool:
        """Return whether the last answered call is of another kind and started no earlier."""
        answered, started = self._answered
        return answered not in (None, kind) and started >= since

    def _close_round(self, now: float) -> None:
        """Follow what the round says, if it is complete."""
        calls, lost = self._round.calls, self._round.lost
        if lost > calls and lost * 2 > max(MIN_LOST, self.limit):
            self._back_off(now)
        elif calls + lost >= max(MIN_ROUND, self.limit):
            self._adjust(now)

    def _adjust(self, now: float) -> None:
        self._good = self.limit
        self._second_chance = True
        self._accelerates = self._accelerates and self._round.ratio < GROWS_BELOW
        if self._probe_due(now):
            self._start_probe()
            return
        self._follow_work(now)
        bound = self._target()
        self._set(min(bound, self._good) if now < self._ceiling_until else bound)

    def _follow_work(self, now: float) -> None:
        """Note how many calls the server works on. Only a round that was full tells."""
        finished = self._round
        if finished.full and finished.ratio > GROWS_BELOW:
            self.worked_on = max(self._burst, int(finished.busy / finished.ratio))
            self._worked_on_until = now + self._due_s()
        elif finished.full or now > self._worked_on_until:
            self.worked_on = self.maximum

    def _probe_due(self, now: float) -> bool:
        ratio = self._round.ratio
        if self._round.busy <= self._burst:
            return False
        if ratio < PROBES_BELOW:
            return True
        if self._accelerates and self.limit < self.maximum:
            return False
        if self._round.outgrown and ratio > GROWS_BELOW:
            return True
        unmeasured_s, due_s = now - self._measured, self._due_s()
        return unmeasured_s >= due_s or (ratio > PROBES_ABOVE and unmeasured_s > due_s / 10)

    def _due_s(self) -> float:
        return max(PROBE_EVERY_S, PROBE_EVERY_CALLS * self._latency_s)

    def _target(self) -> float:
        """Return what the round leads to."""
        finished = self._round
        if self._accelerates:
            return self._bound * (GROWTH if finished.full else 1.0)
        target = TOLERANCE * finished.busy / max(finished.ratio, LEAST_RATIO) + SPARE
        if target < self._bound:
            crowded = finished.busy > self._few and finished.ratio > SHRINKS_ABOVE
            return max(target, self._bound / 2) if crowded else self._bound
        if not finished.full:
            return self._bound
        regrows = finished.ratio < GROWS_BELOW and self._bound > REGROWS_FROM
        return max(target, self._bound * REGROWTH) if regrows else target

    def _back_off(self, now: float) -> None:
        self._probe_left = 0
        if self.limit > self._good:
            calm = now - self._ceiling_until > LONGEST_PAUSE_S
            self._pause_s = FIRST_PAUSE_S if calm else min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._ceiling_until = now + self._pause_s
        elif self._second_chance:
            self._second_chance = False
        else:
            too_long = self.limit == 1 and not self._round.refused
            self._good = min(2, self.maximum) if too_long else max(1, self.limit // 2)
            self._accelerates = True
        self._set(self._good)

    def _set(self, bound: float) -> None:
        self._bound = float(max(1, min(bound, self.maximum)))
        whole = round(self._bound)
        if whole <= self._slots or self._bound >= self._slots + min(WHOLE, self._slots / 2):
            self._slots = whole
        self._few = _few(self._slots)
        self._start_round()

    def _start_probe(self) -> None:
        for baseline in self._baselines.values():
            baseline.distrust()
        self._probe_left = PROBE_CALLS
        self._start_round()

    def _start_round(self) -> None:
        """Let a change apply: to the limit, and to the calls that start from now on."""
        self.limit = min(self._few, self._slots) if self._probe_left else self._slots
        self._round = _Round(self._round.number + 1)


def _few(slots: int) -> int:
    """Return how many calls leave each other alone: a quarter of the slots, or two."""
    return max(2, slots // 4)
