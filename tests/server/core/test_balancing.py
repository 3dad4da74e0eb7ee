"""Which backend a batch goes to."""

from __future__ import annotations

from server.core.health import MEASURED
from server.core.model import ModelKey
from tests.server.core.backends import (
    DIGITS,
    LANE,
    answer,
    balancer,
    make_ready,
    spread,
    where,
)


def test_equal_backends_get_equal_shares_though_each_call_finds_them_idle() -> None:
    made, _ = balancer("a", "b", "c")
    assert spread(made, 30) == {"a": 10, "b": 10, "c": 10}


def test_a_batch_goes_where_least_work_is() -> None:
    made, _ = balancer("a", "b")
    first, second = made.occupy(DIGITS, 0.0), made.occupy(DIGITS, 0.0)
    assert {where(first), where(second)} == {"a", "b"}
    made.free(first, LANE, 1.0, 1, "answered")
    assert where(made.occupy(DIGITS, 1.0)) == where(first)


def test_of_idle_backends_the_fastest_of_late_is_chosen() -> None:
    made, (a, b) = balancer("a", "b")
    for number in range(MEASURED):
        answer(made, a, 0.02, number * 0.1)
        answer(made, b, 0.01, number * 0.1)
    assert spread(made, 10, now=1.0) == {"b": 10}
    # The other one gets a call once that makes up for its speed.
    assert [where(made.occupy(DIGITS, 1.0)) for _ in range(3)] == ["b", "b", "a"]


def test_a_backend_that_was_not_measured_counts_as_fast_as_any() -> None:
    made, (a, b) = balancer("a", "b")
    answer(made, b, 1.0, 0.0)  # what such calls take on average, so that 0.01 is far below
    for number in range(MEASURED):
        answer(made, a, 0.01, number * 0.1)
    assert spread(made, 10, now=1.0) == {"a": 5, "b": 5}


def test_each_backend_has_slots_of_its_own() -> None:
    made, (a, b) = balancer("a", "b", slots=2)
    calls = [made.occupy(DIGITS, 0.0) for _ in range(4)]
    assert (made.calls, made.count) == (4, 4)
    assert made.ready_at(DIGITS, 0.0) is None
    [of_b, *_] = [call for call in calls if call.place is b]
    made.free(of_b, LANE, 1.0, 1, "answered")
    assert made.ready_at(DIGITS, 1.0) == 1.0
    assert where(made.occupy(DIGITS, 1.0)) == "b"
    assert [status.calls for status in made.statistics()] == [2, 2]
    assert a.slots.count == 2


def test_a_backend_on_trial_gets_one_call_at_a_time() -> None:
    made, (a, b) = balancer("a", "b")
    b.health.connect(0.0)
    b.health.admit()
    calls = [made.occupy(DIGITS, 0.0) for _ in range(4)]
    assert [call.place for call in calls].count(b) == 1
    a.health.disconnect("gone")
    assert made.ready_at(DIGITS, 0.0) is None
    answer(made, b, 0.01, 1.0)
    assert made.ready_at(DIGITS, 1.0) == 1.0


def test_what_is_set_aside_gets_no_calls_while_another_serves() -> None:
    made, (a, b) = balancer("a", "b")
    made.fleet.set_aside(a.health, "slow", 0.0)
    assert spread(made, 4) == {"b": 4}
    b.health.disconnect("gone")
    assert spread(made, 4) == {"a": 4}, "rather than none"


def test_a_model_goes_where_its_version_is() -> None:
    made, (a, b, c) = balancer("a", "b", "c")
    canary = ModelKey("digits", "canary")
    made.hold(canary, [b])
    made.hold(DIGITS, [a, b, c])
    made.want(canary, 0.0)
    assert made.holders(canary) == ["b"]
    assert where(made.occupy(canary, 0.0)) == "b"
    made.fleet.set_aside(b.health, "slow", 0.0)
    assert where(made.occupy(canary, 0.0)) == "b", "no other has it"
    b.health.disconnect("gone")
    assert where(made.occupy(canary, 0.0)) != "b", "the call says what is wrong"
    made.hold(canary, [])
    assert made.ready_at(canary, 0.0) == 0.0


def test_without_backends_a_call_begins_at_once_and_has_no_place() -> None:
    made, _ = balancer()
    assert made.ready_at(DIGITS, 3.0) == 3.0
    made.want(DIGITS, 3.0)
    call = made.occupy(DIGITS, 3.0)
    assert call.place is None
    assert not made.move(call, LANE, 3.0)
    made.free(call, LANE, 3.0, 1, "failed")
    assert (made.calls, made.count, made.statistics()) == (0, 0, [])


def test_a_backend_gets_no_call_before_it_has_been_connected() -> None:
    made, (a,) = balancer("a")
    new = made.add("new")
    assert spread(made, 4) == {"a": 4}
    a.health.disconnect("gone")
    assert spread(made, 4) == {"a": 4}, "the call says what is wrong"
    made.remove(a)
    assert made.occupy(DIGITS, 0.0).place is None
    new.health.connect(1.0)
    assert where(made.occupy(DIGITS, 1.0)) == "new", "rather than none"


def test_a_batch_moves_once_to_another_backend_even_if_its_slots_are_taken() -> None:
    made, (a, b) = balancer("a", "b", slots=1)
    call, other = made.occupy(DIGITS, 0.0), made.occupy(DIGITS, 0.0)
    assert (call.place, other.place) == (a, b)
    assert made.move(call, LANE, 0.1)
    assert (call.place, a.slots.calls, b.slots.calls) == (b, 0, 2)
    assert not made.move(call, LANE, 0.2), "once"
    made.free(call, LANE, 0.3, 1, "answered")
    made.free(other, LANE, 0.3, 1, "answered")
    assert made.calls == 0


def test_a_batch_cannot_move_where_nobody_serves() -> None:
    made, (_, b) = balancer("a", "b")
    call = made.occupy(DIGITS, 0.0)
    made.fleet.set_aside(b.health, "slow", 0.0)
    assert not made.move(call, LANE, 0.1)
    assert made.calls == 1


def test_a_backend_that_leaves_finishes_its_calls() -> None:
    made, (a, b) = balancer("a", "b")
    call = made.occupy(DIGITS, 0.0)
    assert call.place is a
    made.remove(a)
    assert spread(made, 4) == {"b": 4}
    assert [status.state for status in made.statistics()] == ["ready", "leaving"]
    assert made.calls == 1
    made.free(call, LANE, 1.0, 1, "answered")
    assert [status.address for status in made.statistics()] == ["b"]
    made.remove(b)
    assert made.statistics() == []


def test_a_backend_may_come_back_while_its_last_calls_are_under_way() -> None:
    made, (a,) = balancer("a")
    call = made.occupy(DIGITS, 0.0)
    made.remove(a)
    again = made.add("a")
    make_ready(again, 1.0)
    assert made.occupy(DIGITS, 1.0).place is again
    made.free(call, LANE, 1.0, 1, "answered")
    assert made.calls == 1


def test_statistics_say_why_a_backend_gets_no_calls() -> None:
    made, (a, _) = balancer("a", "b")
    a.frames = 7
    made.fleet.set_aside(a.health, "it reports that it is not serving", 0.0)
    status = made.statistics()[0]
    assert (status.address, status.state, status.frames) == ("a", "set_aside", 7)
    assert status.reason == "it reports that it is not serving"
