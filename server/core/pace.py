"""Which rate each camera is advised to send at, so that hardly any frame is sent in vain.

Without advice a gateway under threefold overload receives three frames for each one
it answers. The other two cost radio, battery and the gateway's processor time.

The policy, once every ``EVERY_S``:

* There is one level, in frames a second, and it is the same for all sessions (max-min
  fairness): those that send less keep their rate, the others share the rest of the
  capacity evenly. A session that sends at least 0.85 of what it was advised is held
  back and would send more; what any other session sends is all it wants.
* Overload: more than 3 % of all frames were dropped, in two spans in a row, or more than 20 %
  in one. A stall of 100 ms drops some as well, and yet there is room for all a moment later;
  until the next span decides, the level stays. In overload the level is the fair share of
  what was answered, less 2 %; one step lowers it to 0.7 of what it was at most, and the
  first one to 0.3 of the fastest session's rate. Sessions that ignore their advice harm
  only themselves: the batcher gives every session its turn, so what they send beyond
  their share is dropped, and they count for no more than that share.
* A backlog: full batches left behind more than 0.2 frames for each one they took, and a call
  was under way for 0.94 of the time. Nothing has been dropped yet, because obedient
  cameras send so rarely that a frame waits long until the next one replaces it; but frames
  get older. The level becomes the fair share of the capacity known so far, of which 4 % are
  forgotten, less 2 %.
* Between 0.1 and 0.2, the level stays: the model server is as busy as it should be. A burst,
  as of cameras that started together, leaves more behind, and yet the model server idles before
  the next one. Only above 0.12 of the time without a call does the level rise again.
* Otherwise the level rises: by a quarter while below 0.95 of the fair share of the
  capacity known so far, as after sessions left or the model server paused; beyond that
  by 0.5 %, 1 %, 2 %, 4 %, to find out whether there is more. While no call is under way for
  more than 0.3 of the time, it goes on to 8 %, 16 %, 25 %: the model server was slow for so
  long that its capacity was forgotten. When the capacity is enough for all, advice is lifted.
* A session is told only what matters to it: nothing while it sends much less than the
  level and was told nothing before; after that, a level that is 3 % off what it was told
  last. A wider gap would let a backlog last: the level falls by only a few percent for it. So
  a session gets one message a second at most, and in steady overload one in two to fifteen
  seconds.

Worst cases: the first advice comes ``EVERY_S`` after overload began, and twice that if it is
slight. The search for more capacity exceeds it by up to 4 % for a second. Sessions that obey
among others that do not get 0.9 of their fair share. Under threefold overload with obedient
clients, simulated (tests/server/core/test_pace.py): 0.1 % of the frames sent are dropped, 0.95
to 0.97 of the peak is answered, and p99 of the age is 0.9 to 1.03 of that without advice, and
0.8 where two cores are shared by 135 cameras. Where one core takes 5 ms a frame, 0.7 % are
dropped, and p99 is 1.05 times as old; where the model server is 100 ms away, 3 % are dropped,
0.9 of the peak is answered, and p99 is 1.25 times as old. If the model server stalls for 0.1 s
every five seconds, cameras that take 0.95 of what it answers get as many results as without
advice.

The caller must: call ``received`` for each accepted frame and ``resolved`` for each
outcome, ``forget`` when a session ends, and ``advise`` every ``EVERY_S``. Frames refused
by the session's own limits (``rate_limited``) and errors are no sign of overload; leave
them out of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.core.backlog import NOTHING, Span

EVERY_S = 1.0
OVERLOAD, SEVERE = 0.03, 0.2
SMOOTHING = 0.4
HEADROOM = 0.02
BACKLOG, CLEAR = 0.2, 0.1
BUSY, IDLE, OFTEN_IDLE = 0.06, 0.12, 0.3
HELD_BACK = 0.85
LOWER, HIGHER = 0.97, 1.03
MOST_CUT, FIRST_CUT = 0.7, 0.3
NEARLY, CATCHES_UP = 0.95, 1.25
FORGETS, EASES = 0.9, 0.96
SLOWEST_GROWTH, FASTEST_GROWTH, IDLE_GROWTH = 0.005, 0.04, 0.25
# A camera is never advised to stop.
LEAST = 0.1


@dataclass(slots=True)
class _Load:
    """One session: what it sends, on average and since the last advice, and what it was told."""

    rate: float | None = None
    told: float | None = None
    received: int = 0
    answered: int = 0
    dropped: int = 0

    @property
    def demand(self) -> float:
        """Frames a second that it would send; infinite if advice holds it back."""
        rate = self.rate or 0.0
        held_back = self.told is not None and rate >= HELD_BACK * self.told
        return float("inf") if held_back else rate

    def average(self, elapsed_s: float) -> None:
        rate = self.received / elapsed_s
        self.rate = rate if self.rate is None else self.rate + SMOOTHING * (rate - self.rate)
        self.received = self.answered = self.dropped = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """What a session is to be told: frames a second, or None: as many as it likes."""

    session: str
    frames_per_s: float | None


class Pacer:
    """The policy above. Pure: time is an argument, in monotonic seconds."""

    def __init__(self) -> None:
        self._loads: dict[str, _Load] = {}
        self._capacity = 0.0  # frames a second, as far as is known
        self._answered: float | None = None  # frames a second, smoothed
        self._growth = SLOWEST_GROWTH
        self._strained = False
        self._since: float | None = None
        self.level: float | None = None

    @property
    def advised(self) -> int:
        """How many sessions are advised to send no more than a rate."""
        return sum(load.told is not None for load in self._loads.values())

    def received(self, session: str) -> None:
        """Count a frame that was accepted."""
        load = self._loads.get(session)
        if load is None:
            load = self._loads[session] = _Load()
        load.received += 1

    def resolved(self, session: str, answered: bool) -> None:
        """Count an outcome: answered, or dropped for want of capacity."""
        load = self._loads.get(session)
        if load is None:  # gone meanwhile
            return
        if answered:
            load.answered += 1
        else:
            load.dropped += 1

    def forget(self, session: str) -> None:
        """The session is gone."""
        self._loads.pop(session, None)

    def advise(self, now: float, backlog: Span = NOTHING) -> Sequence[Advice]:
        """What has to be said at ``now``. The first call only starts the clock.

        ``backlog``: what happened since the last call.
        """
        if self._since is None or now <= self._since:
            self._since = now
            return []
        elapsed_s, self._since = now - self._since, now
        loads = self._loads.values()
        overloaded = self._is_overloaded(_dropped(loads))
        answered = self._average(sum(load.answered for load in loads) / elapsed_s, overloaded)
        for load in loads:
            load.average(elapsed_s)
        self._follow(overloaded, answered, backlog.left, backlog.idle_s / elapsed_s)
        return [
            Advice(session, load.told)
            for session, load in self._loads.items()
            if self._tells(load, self.level)
        ]

    def _average(self, answered: float, overloaded: bool) -> float:
        """Return how many frames are answered in a second, smoothed; in overload, the last count.

        Answers come in batches, so the count of a single span is off by up to two of them. In
        overload, the level must not wait for the average to follow a slower model server.
        """
        if self._answered is not None and not overloaded:
            answered = (answered + self._answered) / 2
        self._answered = answered
        return answered

    def _is_overloaded(self, dropped: float) -> bool:
        """Return whether too much is sent, and not only the model server stalled for a moment."""
        before, self._strained = self._strained, dropped > OVERLOAD
        return dropped > SEVERE or (before and self._strained)

    def _follow(self, overloaded: bool, answered: float, left: float, idle: float) -> None:
        """Set the level after a span in which so many frames a second were answered."""
        if overloaded:
            self._capacity = max(answered, FORGETS * self._capacity)
            self._growth = SLOWEST_GROWTH
            self._lower(self._fair(answered))
        elif self.level is not None and left > BACKLOG and idle < BUSY:
            self._capacity = max(answered, EASES * self._capacity)
            self._growth = SLOWEST_GROWTH
            self.level = min(self.level, self._fair(self._capacity) or self.level)
        elif not self._strained:
            self._capacity = max(answered, self._capacity)
            if self.level is not None and (left <= CLEAR or idle > IDLE):
                fastest = IDLE_GROWTH if idle > OFTEN_IDLE else FASTEST_GROWTH
                self._raise(self.level, self._fair(self._capacity), fastest)

    def _fair(self, capacity: float) -> float | None:
        demands = [load.demand for load in self._loads.values()]
        return fair_level(demands, capacity * (1 - HEADROOM))

    def _lower(self, fair: float | None) -> None:
        if fair is None:
            return
        if self.level is None:
            least = FIRST_CUT * max(load.rate or 0.0 for load in self._loads.values())
        else:
            least = MOST_CUT * self.level
        self.level = max(fair, least, LEAST)

    def _raise(self, level: float, fair: float | None, fastest: float) -> None:
        if fair is None:
            self.level = None
        elif level < NEARLY * fair:
            self.level = min(level * CATCHES_UP, fair)
        else:
            growth = min(self._growth, fastest)
            self.level = level * (1 + growth)
            self._growth = min(2 * growth, fastest)

    @staticmethod
    def _tells(load: _Load, level: float | None) -> bool:
        """Whether the session has to be told of ``level``, which is then noted."""
        if level is not None:
            if load.told is None:
                if (load.rate or 0.0) < HELD_BACK * level:
                    return False
            elif LOWER * load.told < level < HIGHER * load.told:
                return False
        elif load.told is None:
            return False
        load.told = level
        return True


def fair_level(demands: Iterable[float], capacity: float) -> float | None:
    """The max-min fair rate: what each may have when they share ``capacity``.

    None: the capacity is enough for all of them.
    """
    left = sorted(demands)
    for n, demand in enumerate(left):
        share = capacity / (len(left) - n)
        if demand > share:
            return share
        capacity -= demand
    return None


def _dropped(loads: Iterable[_Load]) -> float:
    """Return which share of the frames was dropped."""
    answered = dropped = 0
    for load in loads:
        answered += load.answered
        dropped += load.dropped
    return dropped / max(1, answered + dropped)
