"""How models share the calls that may be under way."""

from __future__ import annotations

from server.core.model import ModelKey
from server.core.slots import RESERVED_S, Slots

A, B, C = ModelKey("a"), ModelKey("b"), ModelKey("c")


def test_a_model_that_is_alone_takes_all_slots() -> None:
    slots = Slots(3)
    for _ in range(3):
        slots.want(A, 0.0)
        assert slots.allow(A, 0.0)
        slots.occupy(A)
    assert not slots.allow(A, 0.0)
    slots.free(A, 0.0)
    assert slots.allow(A, 0.0)


def test_a_slot_is_kept_for_each_other_model_in_use() -> None:
    slots = Slots(4)
    slots.want(B, 0.0)
    slots.want(C, 0.0)
    slots.occupy(A)
    assert slots.allow(A, 0.0)
    slots.occupy(A)
    assert not slots.allow(A, 0.0)
    for model in (B, C):
        assert slots.allow(model, 0.0)
        slots.occupy(model)
    assert not slots.allow(B, 0.0)
    slots.free(A, 0.0)
    # Each has a call: the fourth slot is for whichever asks first.
    assert slots.allow(A, 0.0)
    assert slots.allow(B, 0.0)


def test_a_slot_is_kept_no_longer_than_the_model_is_in_use() -> None:
    slots = Slots(2)
    slots.occupy(B)
    slots.free(B, 1.0)
    slots.occupy(A)
    assert not slots.allow(A, 1.0 + RESERVED_S - 0.1)
    slots.want(B, 2.0)
    assert not slots.allow(A, 2.0 + RESERVED_S - 0.1)
    assert slots.allow(A, 2.0 + RESERVED_S)


def test_every_model_may_have_one_call_where_the_slots_do_not_suffice() -> None:
    slots = Slots(2)
    for model in (A, B, C):
        slots.want(model, 0.0)
    for model in (A, B):
        assert slots.allow(model, 0.0)
        slots.occupy(model)
    assert not slots.allow(C, 0.0)
    slots.free(A, 0.0)
    assert slots.allow(C, 0.0)
    assert not slots.allow(B, 0.0)
