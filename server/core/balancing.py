"""Which of several backends a batch goes to.

The policy:

* A batch goes to a backend that holds the version of its model that sessions know, serves
  (:mod:`server.core.health`), and has a free slot. Each backend has its own slots.
* Of these, it goes to the one with the least work: calls under way, with the new one, times how
  much slower than the fastest it has been of late. Up to ``ALIKE`` times counts as equally fast,
  and so does a backend that has not been measured of late.
* Of backends with equal work, it goes to the one that was chosen longest ago. So equal backends
  get equal shares, also if each call finds all of them idle.
* A backend on trial gets one call at a time. One that has never been connected gets none.
* If no holder serves, holders that are set aside get the calls; if none of them is connected, any
  backend that once was does. What is wrong is then said by the call itself, and no frame waits for
  a backend that may never return.
* A batch whose backend failed moves to another one, once, and takes a slot there even if all are
  taken: its frames have waited already.

The caller must do what :mod:`server.core.batching` says about slots, and tell :class:`Balancer`
about connections, checks and calls through each place's ``health`` and its own ``fleet``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from server.core.concurrency import Call, CallOutcome
from server.core.health import Fleet, Health, State
from server.core.model import Lane, ModelKey
from server.core.slots import Slots

ALIKE = 2.0

BackendState = State | Literal["leaving"]
"""``leaving``: its address is gone, but not all of its calls."""
BACKEND_STATES: tuple[str, ...] = (*get_args(State), "leaving")


class Place:
    """One backend: its slots and its health. ``frames`` counts those that it has answered."""

    def __init__(self, address: str, slots: Slots, health: Health) -> None:
        self.address = address
        self.slots = slots
        self.health = health
        self.frames = 0
        self.leaving = False
        self.chosen = 0  # the number of the last batch that went here

    def ready_at(self, model: ModelKey, now: float, full: bool = True) -> float | None:
        """Return when a call may begin here if none ends before; None: not before one ends."""
        if self.health.state == "trial" and self.slots.calls:
            return None
        return self.slots.ready_at(model, now, full)


@dataclass(slots=True)
class PlacedCall:
    """A call and its place; both change if it moves. Without backends it has neither."""

    place: Place | None = None
    call: Call | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """One backend at one moment: ``calls`` under way of ``max_calls``, and ``frames`` answered.

    ``reason`` says why it gets no calls.
    """

    address: str
    state: BackendState
    reason: str
    calls: int
    max_calls: int
    frames: int = 0


class Balancer:
    """The policy above, in the place of one backend's slots. Pure: time is an argument.

    ``slots`` makes those of a new backend.
    """

    def __init__(self, slots: Callable[[], Slots]) -> None:
        self.fleet = Fleet()
        self._slots = slots
        self._places: list[Place] = []
        self._leaving: list[Place] = []
        self._holders: dict[ModelKey, frozenset[Place]] = {}
        self._batches = 0

    # Backends

    def add(self, address: str) -> Place:
        """Return the place of a new backend."""
        place = Place(address, self._slots(), self.fleet.join())
        self._places.append(place)
        return place

    def remove(self, place: Place) -> None:
        """Give a backend no more calls; those under way go on."""
        self._places.remove(place)
        self.fleet.leave(place.health)
        place.leaving = True
        if place.slots.calls:
            self._leaving.append(place)

    def hold(self, model: ModelKey, places: Iterable[Place]) -> None:
        """Note which backends hold the version of ``model`` that sessions know."""
        holders = frozenset(places)
        if holders:
            self._holders[model] = holders
        else:
            self._holders.pop(model, None)

    def holders(self, model: ModelKey) -> list[str]:
        """Return the addresses of the backends that hold ``model``."""
        return sorted(place.address for place in self._holders.get(model, ()))

    def statistics(self) -> Sequence[BackendStatus]:
        """Return a snapshot of all backends."""
        return [_status(place) for place in (*self._places, *self._leaving)]

    # Slots, as the batcher and the dispatcher use them

    @property
    def calls(self) -> int:
        """How many calls are under way."""
        return sum(place.slots.calls for place in (*self._places, *self._leaving))

    @property
    def count(self) -> int:
        """How many calls may be under way now."""
        return sum(place.slots.count for place in self._places if place.health.serves)

    def want(self, model: ModelKey, now: float) -> None:
        """Note that a frame of ``model`` begins to wait."""
        for place in self._candidates(model):
            place.slots.want(model, now)

    def ready_at(self, model: ModelKey, now: float, full: bool = True) -> float | None:
        """Return when ``model`` may begin a call if none ends before; None: not before one ends.

        Without any backend that was ever connected, that is at once: the call then fails.
        """
        candidates = self._candidates(model)
        if not candidates:
            return now
        times = (place.ready_at(model, now, full) for place in candidates)
        return min((at for at in times if at is not None), default=None)

    def occupy(self, model: ModelKey, now: float) -> PlacedCall:
        """Begin a call of ``model``, and return what stands for it."""
        candidates = self._candidates(model)
        if not candidates:
            return PlacedCall()
        place = self._best(model, candidates, now)
        return PlacedCall(place, place.slots.occupy(model, now))

    def free(
        self, call: PlacedCall, lane: Lane, now: float, frames: int, outcome: CallOutcome
    ) -> None:
        """End a call, whose ``outcome`` may change how many others may be under way."""
        if call.place is None or call.call is None:
            return
        call.place.slots.free(call.call, lane, now, frames, outcome)
        if call.place in self._leaving and not call.place.slots.calls:
            self._leaving.remove(call.place)

    def move(self, call: PlacedCall, lane: Lane, now: float) -> bool:
        """Move a call away from a backend that failed. Return False if it cannot, or has moved."""
        others = [place for place in self._candidates(lane.model) if place is not call.place]
        if call.moved or not others:
            return False
        self.free(call, lane, now, 0, "failed")
        call.place = self._best(lane.model, others, now)
        call.call = call.place.slots.occupy(lane.model, now)
        call.moved = True
        return True

    # The choice

    def _candidates(self, model: ModelKey) -> list[Place]:
        holders = self._holders.get(model, frozenset())
        serving = [place for place in self._places if place.health.serves]
        if best := [place for place in serving if place in holders]:
            return best
        seen = [place for place in self._places if place.health.seen]
        connected = [place for place in seen if place.health.connected]
        return [place for place in connected if place in holders] or serving or connected or seen

    def _best(self, model: ModelKey, candidates: Sequence[Place], now: float) -> Place:
        def ready(place: Place) -> bool:
            at = place.ready_at(model, now)
            return at is not None and at <= now

        measured = [place.health for place in candidates if place.health.measured(now)]
        fastest = min((health.slowness for health in measured), default=1.0)

        def rank(place: Place) -> tuple[float, int]:
            slower = place.health.slowness / fastest if place.health.measured(now) else 1.0
            return (place.slots.calls + 1) * (slower if slower > ALIKE else 1.0), place.chosen

        best = min([place for place in candidates if ready(place)] or candidates, key=rank)
        self._batches += 1
        best.chosen = self._batches
        return best


def _status(place: Place) -> BackendStatus:
    health, slots = place.health, place.slots
    return BackendStatus(
        place.address,
        "leaving" if place.leaving else health.state,
        health.reason,
        slots.calls,
        slots.count,
        place.frames,
    )
