"""When a backend is set aside, and when it is tried again."""

from __future__ import annotations

import pytest

from server.core.balancing import Place
from server.core.health import (
    CALM_S,
    FAILURES,
    FIRST_PAUSE_S,
    LEAST_PATIENCE_S,
    LONGEST_PAUSE_S,
    MAX_KINDS,
    MEASURED,
    RECENT_S,
    SLOWER,
    Fleet,
    State,
)
from tests.server.core.backends import LANE, answer, balancer, make_ready


def state(place: Place) -> State:
    return place.health.state


def test_a_backend_is_checked_and_tried_before_it_gets_its_slots() -> None:
    health = Fleet().join()
    states = [health.state]
    health.connect(1.0)
    assert health.retry_at == 1.0
    states.append(health.state)
    health.admit()
    states.append(health.state)
    health.answered(1.0, 1.1)
    states.append(health.state)
    health.disconnect("gone")
    states.append(health.state)
    health.admit()  # a check that was answered before the connection broke
    assert states == ["connecting", "set_aside", "trial", "ready", "unreachable"]
    assert (health.state, health.reason) == ("unreachable", "gone")


def answer_all(*took: tuple[Place, float], times: int, made: object, now: float = 1.0) -> float:
    for _ in range(times):
        for place, took_s in took:
            answer(made, place, took_s, now)  # type: ignore[arg-type]
            now += 0.01
    return now


def test_a_backend_that_is_slow_against_the_others_is_set_aside() -> None:
    made, (a, b, c) = balancer("a", "b", "c")
    answer_all((a, 0.01), (b, 0.012), (c, 0.01 * (SLOWER + 2)), times=MEASURED, made=made)
    assert [state(a), state(b), state(c)] == ["ready", "ready", "set_aside"]
    assert c.health.reason == "its calls take 6 times as long"


@pytest.mark.parametrize("took_s", [0.001, 0.4])
def test_backends_that_are_all_alike_are_never_slow(took_s: float) -> None:
    """Whatever a call takes: no constant says what is slow."""
    made, places = balancer("a", "b", "c")
    for factor in (1, 10, 100):
        answer_all(*((p, factor * took_s) for p in places), times=MEASURED, made=made)
    assert {state(place) for place in places} == {"ready"}


def test_one_slow_call_among_many_means_nothing() -> None:
    made, (a, b) = balancer("a", "b")
    now = answer_all((a, 0.01), (b, 0.01), times=MEASURED, made=made)
    answer(made, b, 1.0, now)
    assert state(b) == "ready"


def test_a_large_batch_is_not_slow_for_its_size() -> None:
    made, (a, b) = balancer("a", "b")
    for number in range(4 * MEASURED):
        answer(made, a, 0.01, number * 0.1)
        answer(made, b, 0.16, number * 0.1, frames=16)
    assert state(b) == "ready"


def test_what_was_measured_long_ago_is_forgotten() -> None:
    made, (a, b) = balancer("a", "b")
    now = answer_all((a, 0.01), (b, 0.02), times=MEASURED, made=made)
    assert b.health.measured(now)
    assert not b.health.measured(now + RECENT_S)
    answer(made, b, 1.0, now + 2 * RECENT_S)
    assert state(b) == "ready"


def test_a_backend_alone_is_never_set_aside() -> None:
    made, (a, b) = balancer("a", "b")
    b.health.disconnect("gone")
    answer(made, a, 0.01, 0.5)
    for _ in range(FAILURES):
        made.fleet.failed(a.health, 0.5, 1.0)
    assert not made.fleet.stalled(a.health, 0.5, 0.1, 1.0)
    assert not made.fleet.set_aside(a.health, "unavailable", 1.0)
    assert state(a) == "ready"


def test_a_call_has_stalled_if_others_are_answered_meanwhile() -> None:
    made, (a, b) = balancer("a", "b")
    answer(made, b, 0.01, 0.99)  # it started before the call that lasts
    assert not made.fleet.stalled(a.health, 1.0, 0.1, 1.2)
    answer(made, b, 0.01, 1.3)
    assert made.fleet.stalled(a.health, 1.0, 0.1, 1.4)
    assert state(a) == "set_aside"
    assert a.health.retry_at == 1.4 + FIRST_PAUSE_S
    assert not made.fleet.stalled(a.health, 1.0, 0.1, 1.5), "it is set aside once"


def test_a_backend_that_answers_other_calls_has_not_stalled() -> None:
    made, (a, b) = balancer("a", "b")
    answer(made, a, 0.4, 1.35)
    answer(made, b, 0.01, 1.36)
    answer(made, b, 0.01, 1.39)
    assert not made.fleet.stalled(a.health, 1.0, 0.1, 1.4)
    assert made.fleet.stalled(a.health, 1.0, 0.1, 1.46)


def test_patience_follows_what_such_calls_take() -> None:
    made, (a, b) = balancer("a", "b")
    assert made.fleet.patience_s(LANE, 1, 0.0) == LEAST_PATIENCE_S
    now = answer_all((a, 0.2), (b, 0.2), times=MEASURED, made=made)
    assert made.fleet.patience_s(LANE, 1, now) == pytest.approx(SLOWER * 0.2)


def test_a_backend_whose_calls_fail_is_set_aside() -> None:
    made, (a, b) = balancer("a", "b")
    for number in range(FAILURES):
        assert state(a) == "ready"
        answer(made, b, 0.01, 1.0 + number)
        made.fleet.failed(a.health, 0.5, 1.1 + number)
    assert (state(a), a.health.reason) == ("set_aside", "its calls fail")


def test_failures_say_nothing_if_no_other_backend_answers_either() -> None:
    made, (a, _) = balancer("a", "b")
    for _ in range(2 * FAILURES):
        made.fleet.failed(a.health, 0.5, 1.0)
    assert state(a) == "ready"


def test_an_answer_ends_a_row_of_failures() -> None:
    made, (a, b) = balancer("a", "b")
    answer(made, b, 0.01, 5.0)
    for number in range(2 * FAILURES):
        made.fleet.failed(a.health, 0.5, 1.0)
        if number % 2:
            answer(made, a, 0.01, 1.0)
    assert state(a) == "ready"


def test_one_failure_on_trial_is_enough() -> None:
    made, (a, b) = balancer("a", "b")
    a.health.connect(1.0)
    a.health.admit()
    answer(made, b, 0.01, 1.5)
    made.fleet.failed(a.health, 1.0, 1.5)
    assert state(a) == "set_aside"


def test_pauses_grow_and_begin_anew_after_a_calm_time() -> None:
    made, (a, _) = balancer("a", "b")
    pauses = []
    for _ in range(8):
        assert made.fleet.set_aside(a.health, "slow", 10.0)
        pauses.append(a.health.retry_at - 10.0)
        a.health.admit()
    doubled = [FIRST_PAUSE_S * 2**n for n in range(6)]
    assert pauses == pytest.approx([*doubled, LONGEST_PAUSE_S, LONGEST_PAUSE_S])
    a.health.answered(20.0, 20.0)
    made.fleet.set_aside(a.health, "slow", 20.0 + CALM_S)
    assert a.health.retry_at == 20.0 + CALM_S + FIRST_PAUSE_S


def test_a_new_connection_is_checked_at_once() -> None:
    made, (a, _) = balancer("a", "b")
    made.fleet.set_aside(a.health, "slow", 10.0)
    make_ready(a, 10.1)
    assert state(a) == "ready"


def test_a_backend_that_has_left_is_compared_no_longer() -> None:
    made, (a, b) = balancer("a", "b")
    answer(made, b, 0.01, 5.0)
    made.fleet.leave(b.health)
    assert not made.fleet.stalled(a.health, 1.0, 0.1, 5.0)


def test_kinds_of_calls_are_bounded() -> None:
    made, (a, _) = balancer("a", "b")
    for kind in range(MAX_KINDS + 1):
        made.fleet.answered(a.health, kind, 1, 0.0, 1.0)
    assert made.fleet.patience_s(0, 1, 1.0) == LEAST_PATIENCE_S
    assert made.fleet.patience_s(MAX_KINDS, 1, 1.0) == SLOWER
