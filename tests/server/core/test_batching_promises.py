"""The batching policy's promises, whatever sessions, lanes and the clock do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from server.core.batch import Batch
from server.core.batching import Batcher
from server.core.messages import Frame
from server.core.model import Lane, ModelKey
from server.core.ring import Member
from server.core.slots import RESERVED_S, Slots
from tests.server.core.simulation import FixedLimit

SESSIONS = [f"s{n}" for n in range(6)]
LANES = [
    Lane(ModelKey("digits"), "serving_default"),
    Lane(ModelKey("digits"), "serving_pixels"),
    Lane(ModelKey("zoo"), "serving_default", max_batch=1),
]
STALE_S = 0.5


@dataclass
class Waiter:
    """What the model of the test knows of a waiting frame."""

    member: Member
    lane: Lane
    since: float
    ahead: int
    passed_over: int = 0


@dataclass
class Books:
    """Every frame that was offered, and what became of it."""

    offered: int = 0
    outcomes: dict[tuple[str, int], str] = field(default_factory=dict)

    def close(self, member: Member, outcome: str) -> None:
        key = (member.session, member.frame.id)
        assert key not in self.outcomes, f"{key}: {self.outcomes[key]}, then {outcome}"
        self.outcomes[key] = outcome


class BatcherMachine(RuleBasedStateMachine):
    """Drives a Batcher as the dispatcher does, and keeps its own books beside it."""

    @initialize(
        max_batch=st.integers(1, 4),
        slots=st.integers(1, 3),
        window=st.integers(2, 4),
        max_wait_s=st.sampled_from([0.0, 0.05, 0.3]),
        max_waiting=st.sampled_from([3, 100]),
    )
    def start(
        self, max_batch: int, slots: int, window: int, max_wait_s: float, max_waiting: int
    ) -> None:
        self.max_batch, self.slots, self.window = max_batch, slots, window
        self.max_wait_s, self.max_waiting = max_wait_s, max_waiting
        self.policy = Batcher(
            max_batch=max_batch,
            slots=Slots(FixedLimit(slots)),
            window=window,
            max_staleness_s=STALE_S,
            max_wait_s=max_wait_s,
            max_waiting=max_waiting,
        )
        self.now = 100.0
        self.due_at: float | None = None
        self.books = Books()
        self.waiting: dict[str, Waiter] = {}
        self.running: list[Batch] = []
        self.quarantined: set[tuple[str, Lane]] = set()
        self.last_use: dict[ModelKey, float] = {}
        self.gone: set[str] = set()
        self.next_id = 0
        self.skipped: Counter[tuple[Lane, Lane]] = Counter()

    # What the dispatcher does

    @rule(session=st.sampled_from(SESSIONS), lane=st.sampled_from(LANES))
    def offer(self, session: str, lane: Lane) -> None:
        if session in self.gone:
            return
        self.next_id += 1
        self.books.offered += 1
        member = Member(session, Frame(self.next_id, "jpeg", b"", 1, 1), self.now)
        refused = self.policy.offer(member, lane, self.now)
        before = self.waiting.get(session)
        if refused is not None:
            gone, reason = refused
            self.books.close(gone, reason)
            if reason == "overloaded":
                assert before is None
                assert len(self.waiting) == self.max_waiting
                assert gone is member
                return
            assert before is not None
            assert gone is before.member
        else:
            assert before is None
        self._wait(member, lane, before)
        self._pump()

    @rule(data=st.data())
    @precondition(lambda self: self.running)
    def done(self, data: st.DataObject) -> None:
        self._end(data.draw(st.sampled_from(self.running)))
        self._pump()

    @rule(data=st.data(), left=st.booleans())
    @precondition(lambda self: self.running)
    def quarantine(self, data: st.DataObject, left: bool) -> None:
        """A frame in flight was rejected, of a session that has perhaps left meanwhile."""
        flying = [
            (member.session, batch.lane) for batch in self.running for member in batch.members
        ]
        session, lane = data.draw(st.sampled_from(flying))
        if left:
            self.leave(session)
        self.policy.quarantine(session, lane)
        self.quarantined.add((session, lane))

    @rule(session=st.sampled_from(SESSIONS), lane=st.sampled_from(LANES))
    def release(self, session: str, lane: Lane) -> None:
        self.policy.release(session, lane)
        self.quarantined.discard((session, lane))

    @rule(session=st.sampled_from(SESSIONS))
    def leave(self, session: str) -> None:
        self._withdrawn(session, self.policy.forget(session))
        self._release_everywhere(session)
        self.gone.add(session)

    @rule(session=st.sampled_from(SESSIONS))
    def come_back(self, session: str) -> None:
        """Under a new name, in the product; under the old one once nothing is left of it."""
        if session in self.gone and not self._in_flight(session):
            self.gone.discard(session)
            self._release_everywhere(session)

    @rule()
    def fail_all(self) -> None:
        for member in self.policy.withdraw_all():
            self._withdrawn(member.session, member)
        assert not self.waiting

    @rule(lane=st.sampled_from(LANES))
    def fail_model(self, lane: Lane) -> None:
        for member in self.policy.withdraw_all(lane.model):
            self._withdrawn(member.session, member)
        assert not any(waiter.lane.model == lane.model for waiter in self.waiting.values())

    @rule(seconds=st.sampled_from([0.01, 0.02, 0.05, 0.2, 0.6, RESERVED_S]))
    def later(self, seconds: float) -> None:
        """Time passes; the timer fires where it was set."""
        until = self.now + seconds
        while self.due_at is not None and self.due_at <= until:
            self.now = max(self.now, self.due_at)
            self._pump()
        self.now = until

    def _end(self, batch: Batch) -> None:
        """A call is over; who had to wait for that joins the ring, one after the other."""
        parked = [m.session for m in batch.members if self._parked(m.session)]
        self.running.remove(batch)
        self.last_use[batch.lane.model] = self.now
        for member in batch.members:
            self.books.close(member, "answered")
        self.policy.done(batch, self.now, "answered")
        for session in parked:
            self._join(self.waiting[session])

    def _pump(self) -> None:
        self._forget_empty_lanes()
        while True:
            ready = [lane for lane in LANES if self._ready(lane)]
            allowed = [lane for lane in LANES if self._allowed(lane.model)]
            taken = self.policy.take(self.now)
            for member in taken.expired:
                assert self.now - member.received >= STALE_S
                self._withdrawn(member.session, member, "expired")
            if taken.batch is None:
                break
            assert taken.batch.lane in allowed, "a batch took the slot of another model"
            self._check(taken.batch, ready, bool(taken.expired))
        self.due_at = taken.due_at
        self._check_that_nobody_could_have_gone()

    # The promises

    def _check(self, batch: Batch, ready: list[Lane], thinned: bool) -> None:
        """Check a batch that goes while the lanes ``ready`` could.

        ``thinned``: it would have been larger if no frame in it had been too old.
        """
        members = batch.members
        sessions = [member.session for member in members]
        limit = min(self.max_batch, batch.lane.max_batch or self.max_batch)
        assert 1 <= len(members) <= limit
        assert len(set(sessions)) == len(sessions)
        in_quarantine = [(session, batch.lane) in self.quarantined for session in sessions]
        assert len(members) == 1 or not any(in_quarantine), "a frame in quarantine has company"
        alone = in_quarantine[0]
        waiters = [self.waiting.pop(session) for session in sessions]
        for member, waiter in zip(members, waiters, strict=True):
            assert waiter.member is member
            assert waiter.lane == batch.lane, "a batch of two lanes"
            assert self.now - member.received < STALE_S, "too old to be sent"
        full = len(members) == limit
        in_time = self.now >= min(waiter.since for waiter in waiters) + self.max_wait_s
        assert full or in_time or alone or thinned
        self.running.append(batch)
        assert len(self.running) <= self.slots
        if not alone:
            self._check_turns(batch.lane, limit)
        self._check_lanes(batch.lane, ready)

    def _check_turns(self, lane: Lane, limit: int) -> None:
        """No session is passed over by more batches than those ahead of it can fill."""
        for session, waiter in self.waiting.items():
            if (
                waiter.lane == lane
                and (session, lane) not in self.quarantined
                and not self._parked(session)
            ):
                waiter.passed_over += 1
                assert waiter.passed_over <= waiter.ahead // limit, f"{session} is starved"

    def _check_lanes(self, gone: Lane, ready: list[Lane]) -> None:
        """No lane goes twice while another one could go both times."""
        for lane in LANES:
            self.skipped.pop((gone, lane), None)
            if lane != gone and lane in ready:
                self.skipped[lane, gone] += 1
                assert self.skipped[lane, gone] <= 1, f"{gone} goes twice before {lane}"

    def _forget_empty_lanes(self) -> None:
        """Where nobody waits any more, the next to come waits anew."""
        for lane, other in list(self.skipped):
            if not self._waiters(lane):
                del self.skipped[lane, other]

    def _waiters(self, lane: Lane) -> list[Waiter]:
        """Those in the lane's ring."""
        return [w for s, w in self.waiting.items() if w.lane == lane and not self._parked(s)]

    def _allowed(self, model: ModelKey) -> bool:
        """Whether a slot is free that is not kept for another model in use."""
        free = self.slots - len(self.running)
        busy = {batch.lane.model for batch in self.running}
        if model not in busy:
            return free > 0
        idle = [m for m, last in self.last_use.items() if self.now - last < RESERVED_S]
        return free > sum(m not in busy for m in idle)

    def _ready(self, lane: Lane) -> bool:
        waiters = self._waiters(lane)
        if not waiters or not self._allowed(lane.model):
            return False
        company = [w for w in waiters if (w.member.session, lane) not in self.quarantined]
        full = len(company) >= min(self.max_batch, lane.max_batch or self.max_batch)
        return full or self.now >= min(w.since for w in waiters) + self.max_wait_s

    def _check_that_nobody_could_have_gone(self) -> None:
        """What waits, waits for a slot, for its window, or for the time of ``max_wait_s``."""
        lanes = [lane for lane in LANES if self._allowed(lane.model)]
        free = [waiter for lane in lanes for waiter in self._waiters(lane)]
        if not free:
            assert self.due_at is None
            return
        assert self.due_at == min(waiter.since for waiter in free) + self.max_wait_s
        assert self.due_at > self.now

    @invariant()
    def one_outcome_each(self) -> None:
        in_flight = sum(len(batch.members) for batch in self.running)
        assert self.books.offered == len(self.books.outcomes) + len(self.waiting) + in_flight

    @invariant()
    def bounds(self) -> None:
        found = self.policy.statistics()
        assert found.waiting == len(self.waiting) <= min(len(SESSIONS), self.max_waiting)
        assert found.peak_waiting <= self.max_waiting
        assert found.calls == len(self.running) <= self.slots
        for session in SESSIONS:
            assert self._in_flight(session) <= self.window - 1
        kept = [s for s, _ in self.quarantined if s not in self.gone or self._in_flight(s)]
        assert found.quarantined == len(kept), "the quarantine of a session that left is kept"

    def teardown(self) -> None:
        """At the end every frame can still get its outcome, and nothing is left behind."""
        if not hasattr(self, "policy"):
            return
        while self.running or self.waiting:
            self.later(self.max_wait_s)
            self._pump()
            for batch in list(self.running):
                self._end(batch)
        assert self.books.offered == len(self.books.outcomes)
        for session in SESSIONS:
            self.policy.forget(session)
        found = self.policy.statistics()
        assert (found.waiting, found.calls, found.quarantined) == (0, 0, 0)

    # The books

    def _wait(self, member: Member, lane: Lane, before: Waiter | None) -> None:
        session = member.session
        if before is not None and (before.lane == lane or self._parked(session)):
            before.member, before.lane = member, lane
            return
        self.waiting.pop(session, None)
        waiter = self.waiting[session] = Waiter(member, lane, self.now, 0)
        self._join(waiter)

    def _join(self, waiter: Waiter) -> None:
        others = [w for s, w in self.waiting.items() if w is not waiter and not self._parked(s)]
        waiter.since = self.now
        waiter.ahead = sum(other.lane == waiter.lane for other in others)
        waiter.passed_over = 0
        if self._parked(waiter.member.session):  # it wants no slot before it joins the ring
            return
        if not any(batch.lane.model == waiter.lane.model for batch in self.running):
            self.last_use[waiter.lane.model] = self.now

    def _withdrawn(self, session: str, member: Member | None, reason: str = "withdrawn") -> None:
        waiter = self.waiting.pop(session, None)
        assert member is (waiter.member if waiter else None)
        if member is not None:
            self.books.close(member, reason)
            self._forget_empty_lanes()

    def _release_everywhere(self, session: str) -> None:
        self.quarantined = {entry for entry in self.quarantined if entry[0] != session}

    def _in_flight(self, session: str) -> int:
        return sum(m.session == session for batch in self.running for m in batch.members)

    def _parked(self, session: str) -> bool:
        """Waits with its window full, so it is in no ring."""
        return session in self.waiting and self._in_flight(session) >= self.window - 1


TestBatcher = BatcherMachine.TestCase
TestBatcher.settings = settings(
    # A failure is found in a second; the smallest one may take minutes more.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    print_blob=True,
)
