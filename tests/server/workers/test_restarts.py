"""The pauses before a worker is replaced."""

from __future__ import annotations

from server.workers.restarts import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, Restarts


def test_pauses_grow_while_workers_end_early() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_s(0.1) for _ in range(100)]
    assert pauses[:4] == [0.0, FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_worker_that_has_served_is_replaced_at_once() -> None:
    restarts = Restarts()
    assert [restarts.pause_s(STEADY_S) for _ in range(10)] == [0.0] * 10


def test_pauses_begin_anew_after_a_worker_that_has_served() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.pause_s(0.1)
    assert restarts.pause_s(STEADY_S) == 0.0
    assert [restarts.pause_s(0.1) for _ in range(2)] == [0.0, FIRST_PAUSE_S]
