"""Which frames travel in the next batch, and when it goes.

The policy, for each lane (one model, one label or version, one signature):

* A session has at most one frame waiting; a newer one replaces it. So a queue is
  never longer than the number of sessions.
* Sessions with a waiting frame stand in a ring. A batch takes one frame from each,
  in turn, up to the lane's ``max_batch``; a new one joins at the end, and a frame that
  replaces another keeps its place. So no session can starve another: with n sessions
  ahead, its turn comes within 1 + floor(n / max_batch) batches of the lane, plus one
  for each of these sessions, itself included, that is in quarantine.
* A session with ``window - 1`` frames in batches under way leaves the ring until
  one of them is done, and then joins at the end.
* A batch goes as soon as a slot is free, unless ``max_wait_s`` asks it to wait for
  company: then it goes when it is full, or ``max_wait_s`` after the first of its
  sessions joined the ring (0: at once).
* Lanes take turns at the slots, and no model takes the slot that is kept for another one
  (:mod:`server.core.slots`).
* Worst wait of a place in a ring, with at least as many slots as models in use:
  ``max_wait_s`` + (batches ahead of it in the lanes of its own model) x (duration of a
  batch). With fewer slots, the batches ahead are those of all lanes, divided by the
  slots. A model that was not in use may wait for one batch more. A batch lasts
  ``max_staleness_s`` at most, with all of its retries.
* A frame that is too old when its batch goes is expired, not sent.
* The crops of a session's frames, which a second model gets, wait in one place of its lane, in
  order. A batch takes one of them in each of the session's turns, so a session with fifty crops
  has no larger share of a full batch than one with a single frame.
* A frame is held while its crops are under way: it counts as in a batch, so a session has the
  crops of ``window - 1`` frames at most.
* Frames of a lane that is ``alone`` go one by one, in one call at a time over all such
  lanes: frames that are costly to decode take one slot at most.
* A session whose frame the model rejected is in quarantine in that lane: there, its
  frames travel alone until one of them is answered, so that it costs its neighbours
  no retries. No batch waits for the company of a frame in quarantine, and it waits
  for no company.

The caller must: pass a frame to ``offer``; call ``take`` while it returns a batch, after each
``offer``, ``offer_crops``, ``done`` and ``land``, with ``calls`` under way perhaps a moment later,
and at ``due_at``; call ``done`` exactly once for each batch, and ``land`` for each ``hold``. After
an ``offer`` that displaces a frame of the same lane, there is nothing new to take.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from operator import attrgetter

from server.core.backlog import Backlog
from server.core.batch import Batch, Statistics, Taken
from server.core.concurrency import CallOutcome
from server.core.messages import DropReason
from server.core.model import Lane, ModelKey
from server.core.ring import Member, Place, Ring, crops_of
from server.core.slots import SlotTable

_received = attrgetter("received")
_NOTHING = Taken(None, [])  # the usual decision while calls are under way


class Batcher:
    """The policy above. Pure: time is an argument, and decisions are returned."""

    def __init__(
        self,
        *,
        max_batch: int,
        slots: SlotTable,
        window: int,
        max_staleness_s: float,
        max_wait_s: float = 0.0,
        max_waiting: int = 4096,
    ) -> None:
        self._max_batch = max_batch
        self._slots = slots
        self._max_in_flight = max(1, window - 1)
        self._max_staleness_s = max_staleness_s
        self._max_wait_s = max_wait_s
        self._max_waiting = max_waiting
        self._rings: OrderedDict[Lane, Ring] = OrderedDict()
        self._lane_of: dict[str, Lane] = {}  # sessions in a ring
        self._parked: dict[str, tuple[Lane, Member]] = {}  # waiting, with their window full
        self._in_flight: dict[str, int] = {}
        self._quarantined: dict[Lane, set[str]] = {}
        self._gone: set[str] = set()  # forgotten, with frames still in flight
        self.calls = 0  # under way
        self._calls_alone = 0
        self._peak_waiting = 0
        self.backlog = Backlog()  # for the advice on frame rates

    @property
    def waiting(self) -> int:
        """How many frames wait."""
        return len(self._lane_of) + len(self._parked)

    def offer(self, member: Member, lane: Lane, now: float) -> tuple[Member, DropReason] | None:
        """Take in a frame. Return the frame that had to go for it, if any, and why."""
        session = member.session
        if session in self._lane_of or session in self._parked:
            return self._replace(member, lane, now), "superseded"
        waiting = len(self._lane_of) + len(self._parked)
        if waiting >= self._max_waiting:
            return member, "overloaded"
        if self._in_flight.get(session, 0) >= self._max_in_flight:
            self._parked[session] = (lane, member)
        else:
            self._join(member, lane, now)
        self._peak_waiting = max(self._peak_waiting, waiting + 1)
        return None

    def offer_crops(self, crops: Sequence[Member], lane: Lane, now: float) -> list[Member]:
        """Take in the crops of one frame, at least one. Return those of the session that had to go.

        These wait in another lane: the session asks for another second model by now.
        """
        session = crops[0].session
        elsewhere = self._lane_of.get(session, lane) != lane
        displaced = self._leave(session) if elsewhere else []
        if session not in self._lane_of:
            self._join(crops[0], lane, now)
            crops = crops[1:]
        self._rings[lane].add(session, crops)
        return displaced

    def hold(self, session: str) -> None:
        """Count a frame that is in a batch as in flight until ``land`` is called."""
        self._in_flight[session] += 1

    def land(self, session: str, now: float) -> None:
        """End a frame's time in flight, so that its session may join the ring again."""
        self._in_flight[session] -= 1
        if not self._in_flight[session]:
            self._landed(session)
        if session in self._parked:
            lane, waiting = self._parked.pop(session)
            self._join(waiting, lane, now)

    def take(self, now: float) -> Taken:
        """Return the next batch, if a slot is free for a lane that is ready."""
        expired: list[Member] = []
        later: list[float] = []
        for lane, ring in list(self._rings.items()):
            due_at = self._due_at(lane, ring, now)
            if due_at is None or due_at > now:
                if due_at is not None:
                    later.append(due_at)
                continue
            members = self._gather(lane, ring, now, expired)
            # After its turn a lane goes to the end, or away if no session waits in it.
            if ring:
                self._rings.move_to_end(lane)
                # A lane whose frames travel alone is full with any other frame.
                self.backlog.left += 0 if lane.alone else len(ring)
            else:
                del self._rings[lane]
            if members:
                call = self._slots.occupy(lane.model, now)
                if self.backlog.idle_since is not None:
                    self.backlog.idle_s += now - self.backlog.idle_since
                    self.backlog.idle_since = None
                self.calls += 1
                self._calls_alone += lane.alone
                return Taken(Batch(lane, tuple(members), now, call), expired)
        return Taken(None, expired, min(later, default=None)) if expired or later else _NOTHING

    def done(self, batch: Batch, now: float, outcome: CallOutcome) -> None:
        """Free the slot of a batch whose call is over; its sessions may join again."""
        frames = len(batch.members)
        self._slots.free(batch.call, batch.lane, now, frames, outcome)
        self.backlog.finished += frames
        self.calls -= 1
        if not self.calls:
            self.backlog.idle_since = now
        self._calls_alone -= batch.lane.alone
        for member in batch.members:
            self.land(member.session, now)

    def withdraw(self, session: str) -> Member | None:
        """Take out the session's waiting frame, if any, and return it."""
        if session in self._parked:
            return self._parked.pop(session)[1]
        return self._leave(session)[0] if session in self._lane_of else None

    def withdraw_all(self, model: ModelKey | None = None) -> list[Member]:
        """Take out every waiting frame and crop, or only those of one model."""
        ring = [s for s, lane in self._lane_of.items() if model in (None, lane.model)]
        parked = [s for s, (lane, _) in self._parked.items() if model in (None, lane.model)]
        members = [member for session in ring for member in self._leave(session)]
        return members + [self._parked.pop(session)[1] for session in parked]

    def forget(self, session: str) -> Member | None:
        """Drop all that is kept of a session that is gone. Return its waiting frame, if any."""
        self._release_everywhere(session)
        if session in self._in_flight:
            self._gone.add(session)
        return self.withdraw(session)

    def forget_crops(self, session: str) -> list[Member]:
        """Drop what is kept of the crops of a session that is gone. Return those that wait."""
        crops = crops_of(session)
        waiting = self._leave(crops) if crops in self._lane_of else []
        self.forget(crops)
        return waiting

    def quarantine(self, session: str, lane: Lane) -> None:
        """Let this session's frames travel alone in ``lane`` from now on."""
        self._quarantined.setdefault(lane, set()).add(session)

    def release(self, session: str, lane: Lane) -> None:
        """Let this session's frames travel with others in ``lane``: one of them was answered."""
        sessions = self._quarantined.get(lane)
        if sessions is not None:
            sessions.discard(session)
            if not sessions:
                del self._quarantined[lane]

    def budget_s(self, members: Sequence[Member], now: float) -> float:
        """Return the seconds until the youngest of ``members`` is too old: its call's limit."""
        received: float = max(map(_received, members))
        return received + self._max_staleness_s - now

    def is_stale(self, member: Member, now: float) -> bool:
        """Return whether a frame is too old to be sent."""
        return now - member.received >= self._max_staleness_s

    def statistics(self) -> Statistics:
        """Return a snapshot for the metrics."""
        return Statistics(
            waiting=self.waiting,
            peak_waiting=self._peak_waiting,
            max_waiting=self._max_waiting,
            calls=self._slots.calls,
            slots=self._slots.count,
            quarantined=sum(map(len, self._quarantined.values())),
        )

    # Rings

    def _replace(self, member: Member, lane: Lane, now: float) -> Member:
        """Put ``member`` in the place of its session's waiting frame, and return that.

        * In the same lane, it keeps the place in the ring.
        * With the window full, it goes on waiting for that, whatever its lane.
        * In another lane, it joins there: the newest frame wins across lanes too.
        """
        session = member.session
        parked = self._parked.get(session)
        if parked is not None:
            self._parked[session] = (lane, member)
            return parked[1]
        if self._lane_of[session] == lane:
            place = self._rings[lane][session]
            replaced, place.member = place.member, member
            return replaced
        [replaced] = self._leave(session)
        self._join(member, lane, now)
        return replaced

    def _leave(self, session: str) -> list[Member]:
        lane = self._lane_of.pop(session)
        ring = self._rings[lane]
        members = ring.leave(session)
        if not ring:
            del self._rings[lane]
        return members

    def _join(self, member: Member, lane: Lane, now: float) -> None:
        ring = self._rings.get(lane)
        if ring is None:
            ring = self._rings[lane] = Ring()
        ring[member.session] = Place(now, member)
        self._lane_of[member.session] = lane
        self._slots.want(lane.model, now)

    def _limit(self, lane: Lane) -> int:
        return 1 if lane.alone else min(self._max_batch, lane.max_batch or self._max_batch)

    def _due_at(self, lane: Lane, ring: Ring, now: float) -> float | None:
        """Return when the lane's next batch may go; None: not before a call ends."""
        if lane.alone and self._calls_alone:
            return None
        ready_at = self._slots.ready_at(lane.model, now)
        if ready_at is None or not (self.calls or self._max_wait_s) or self._full(lane, ring):
            return ready_at
        if self.calls:  # not every slot is for a batch that is not full
            ready_at = self._slots.ready_at(lane.model, now, False)
        if ready_at is None or not self._max_wait_s:
            return ready_at
        return max(ready_at, ring.since + self._max_wait_s)

    def _full(self, lane: Lane, ring: Ring) -> bool:
        """Return whether waiting is of no use, as no session could join the next batch."""
        quarantined = self._quarantined.get(lane)
        if not quarantined:
            return ring.waiting >= self._limit(lane)
        alone = sum(session in ring for session in quarantined)
        return next(iter(ring)) in quarantined or len(ring) - alone >= self._limit(lane)

    def _gather(self, lane: Lane, ring: Ring, now: float, expired: list[Member]) -> list[Member]:
        """Take one frame from each session in turn, up to the lane's limit.

        Each session at the front of the ring is one of these cases:

        * too old: its frame expires and takes no place in the batch;
        * not in quarantine: its frame joins the batch;
        * in quarantine, and the batch is empty: it travels alone, and the batch is complete;
        * in quarantine, and the batch has frames: it is passed over, and goes back to the
          front afterwards, so that it is first in the next batch.

        A session with more crops joins again at the end.
        """
        members: list[Member] = []
        passed_over: list[Place] = []
        limit = self._limit(lane)
        quarantined = self._quarantined.get(lane, ())
        while ring and len(members) < limit:
            session, place = ring.popitem(last=False)
            if session in quarantined and members:
                passed_over.append(place)
                continue
            member = place.member
            if place.following:
                ring.follow(place)
            else:
                del self._lane_of[session]
            if self.is_stale(member, now):
                expired.append(member)
                continue
            self._in_flight[session] = self._in_flight.get(session, 0) + 1
            members.append(member)
            if session in quarantined:
                break
        for place in reversed(passed_over):
            ring[place.member.session] = place
            ring.move_to_end(place.member.session, last=False)
        return members

    # Sessions

    def _landed(self, session: str) -> None:
        """Forget a session's frames in flight, which have all landed."""
        del self._in_flight[session]
        if session in self._gone:
            self._gone.remove(session)
            # Its frame may have been rejected after it left.
            self._release_everywhere(session)

    def _release_everywhere(self, session: str) -> None:
        for lane in list(self._quarantined):
            self.release(session, lane)
