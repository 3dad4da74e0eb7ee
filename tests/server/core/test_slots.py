"""How models share the calls that may be under way."""

from __future__ import annotations

import pytest

from server.core.concurrency import IDLE_S, Call, CallOutcome, ConcurrencyLimit
from server.core.model import Lane, ModelKey
from server.core.slots import FIRST_CALLS, HANGS_AFTER_S, RESERVED_S, Slots
from tests.server.core.simulation import FixedLimit

A, B, C, D = (ModelKey(name) for name in "abcd")


def slots_of(count: int) -> Slots:
    return Slots(FixedLimit(count))


def allowed(slots: Slots, model: ModelKey, now: float = 0.0) -> bool:
    return slots.ready_at(model, now) == now


def free(
    slots: Slots, call: Call, model: ModelKey, now: float, outcome: CallOutcome = "answered"
) -> None:
    slots.free(call, Lane(model, "serving_default"), now, 1, outcome)


def test_a_model_that_is_alone_takes_all_slots() -> None:
    slots = slots_of(3)
    for _ in range(3):
        slots.want(A, 0.0)
        assert allowed(slots, A)
        call = slots.occupy(A, 0.0)
    assert slots.ready_at(A, 0.0) is None
    free(slots, call, A, 0.0)
    assert allowed(slots, A)


def test_a_slot_is_reserved_for_each_other_model_in_use() -> None:
    slots = slots_of(4)
    slots.want(B, 0.0)
    slots.want(C, 0.0)
    call = slots.occupy(A, 0.0)
    assert allowed(slots, A)
    slots.occupy(A, 0.0)
    assert not allowed(slots, A)
    for model in (B, C):
        assert allowed(slots, model)
        slots.occupy(model, 0.0)
    assert not allowed(slots, B)
    free(slots, call, A, 0.0)
    # Each has a call: the fourth slot is for whichever asks first.
    assert allowed(slots, A)
    assert allowed(slots, B)


def test_a_slot_is_reserved_no_longer_than_the_model_is_in_use() -> None:
    slots = slots_of(2)
    free(slots, slots.occupy(B, 0.0), B, 1.0)
    slots.occupy(A, 1.0)
    assert not allowed(slots, A, 1.0 + RESERVED_S - 0.1)
    slots.want(B, 2.0)
    assert not allowed(slots, A, 2.0 + RESERVED_S - 0.1)
    assert allowed(slots, A, 2.0 + RESERVED_S)


def test_every_model_may_have_one_call_where_the_slots_do_not_suffice() -> None:
    slots = slots_of(2)
    for model in (A, B, C):
        slots.want(model, 0.0)
    calls = [slots.occupy(model, 0.0) for model in (A, B) if allowed(slots, model)]
    assert len(calls) == 2
    assert not allowed(slots, C)
    free(slots, calls[0], A, 0.0)
    assert allowed(slots, C)
    assert not allowed(slots, B)


def lowest() -> ConcurrencyLimit:
    """A limit that fell to one call, because the model server was full."""
    limit = ConcurrencyLimit()
    for n in range(100):
        limit.finished(limit.started(n / 100), n / 100, A, 1, "overloaded")
    assert limit.limit == 1
    return limit


def test_slots_follow_a_limit_that_moves() -> None:
    slots = Slots(limit := lowest())
    call = slots.occupy(A, 1.0)
    assert slots.ready_at(A, 1.0) is None
    free(slots, call, A, 1.1)
    slots.occupy(A, 1.1 + IDLE_S)
    assert slots.count == limit.limit == 3
    assert allowed(slots, A, 1.1 + IDLE_S)


def test_the_first_call_of_another_model_waits_for_no_low_limit() -> None:
    slots = Slots(lowest())
    for model in (A, B, C):
        assert allowed(slots, model, 1.0)
        slots.occupy(model, 1.0)
        assert slots.ready_at(model, 1.0) is None
    assert FIRST_CALLS == 3
    assert slots.ready_at(D, 1.0) is None


def test_a_model_that_hangs_keeps_one_slot_until_it_answers() -> None:
    slots = slots_of(4)
    calls = [slots.occupy(A, 0.0) for _ in range(4)]
    free(slots, calls[0], A, 0.5, "expired")
    assert allowed(slots, A, 0.5), "one call that expired is not a model that hangs"
    late = 0.5 + HANGS_AFTER_S
    free(slots, calls[1], A, late, "expired")
    assert slots.ready_at(A, late) is None
    free(slots, calls[2], A, late, "failed")
    free(slots, calls[3], A, late, "expired")
    assert allowed(slots, A, late), "one at a time, to find out"
    probe = slots.occupy(A, late)
    assert slots.ready_at(A, late) is None
    slots.occupy(A, late)
    free(slots, probe, A, late + 0.1)
    assert allowed(slots, A, late + 0.1)


def test_a_model_is_no_longer_known_to_hang_once_it_is_out_of_use() -> None:
    slots = slots_of(4)
    for now in (0.0, HANGS_AFTER_S):
        free(slots, slots.occupy(A, now), A, now, "expired")
    later = HANGS_AFTER_S + RESERVED_S
    slots.occupy(B, later)
    assert allowed(slots, B, later)
    slots.occupy(A, later)
    assert allowed(slots, A, later)


@pytest.mark.parametrize("count", [1, 2])
def test_a_maximum_below_the_first_calls(count: int) -> None:
    slots = slots_of(count)
    for model in (A, B)[:count]:
        slots.occupy(model, 0.0)
    assert slots.ready_at(C, 0.0) is None
