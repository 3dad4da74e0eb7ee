"""Several backends in a test's hands, on a clock that stands still."""

from __future__ import annotations

from server.core.balancing import Balancer, Place, PlacedCall
from server.core.model import Lane, ModelKey
from server.core.slots import Slots
from tests.server.core.simulation import FixedLimit

DIGITS = ModelKey("digits")
LANE = Lane(DIGITS, "serving_default")


def balancer(*addresses: str, slots: int = 4) -> tuple[Balancer, list[Place]]:
    """A balancer over backends that are ready, with so many ``slots`` each."""
    made = Balancer(lambda: Slots(FixedLimit(slots)))
    places = [made.add(address) for address in addresses]
    for place in places:
        make_ready(place)
    return made, places


def make_ready(place: Place, now: float = 0.0) -> None:
    """A backend is connected, passes its check and answers a call."""
    place.health.connect(now)
    place.health.admit()
    place.health.answered(now, now)


def answer(made: Balancer, place: Place, took_s: float, now: float, frames: int = 1) -> None:
    """A call that started ``took_s`` ago is answered ``now``."""
    made.fleet.answered(place.health, LANE, frames, now - took_s, now)


def spread(made: Balancer, batches: int, now: float = 0.0) -> dict[str, int]:
    """Where ``batches`` go if each ends before the next one."""
    counts: dict[str, int] = {}
    for _ in range(batches):
        call = made.occupy(DIGITS, now)
        counts[where(call)] = counts.get(where(call), 0) + 1
        made.free(call, LANE, now, 1, "answered")
    return counts


def where(call: PlacedCall) -> str:
    """The address that a call goes to."""
    assert call.place is not None
    return call.place.address
