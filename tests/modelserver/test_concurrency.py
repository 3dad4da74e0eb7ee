"""ConcurrencyLimiter: slots, a bounded first-in, first-out queue, deadlines."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from modelserver.deadline import Deadline, latest
from modelserver.execution.concurrency import ConcurrencyLimiter
from modelserver.status import Code, ServingError

SOON_S = 0.05
AMPLE_S = 10.0


def wait_for_queue(length: int, limiter: ConcurrencyLimiter) -> None:
    deadline = time.monotonic() + AMPLE_S
    while limiter.statistics().waiting != length:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_calls_run_in_order_of_arrival() -> None:
    limiter, order = ConcurrencyLimiter(1, 10), []

    def call(number: int) -> None:
        with limiter.slot(Deadline()):
            order.append(number)

    with ThreadPoolExecutor(5) as pool, limiter.slot(Deadline()):
        for number in range(5):
            pool.submit(call, number)
            wait_for_queue(number + 1, limiter)
    assert order == [0, 1, 2, 3, 4]
    assert limiter.statistics()[:2] == (0, 0)


def test_no_more_than_the_slots_run_at_once() -> None:
    limiter, running, most = ConcurrencyLimiter(3, 100), [], []

    def call() -> None:
        with limiter.slot(Deadline()):
            running.append(1)
            most.append(len(running))
            time.sleep(0.001)
            running.pop()

    with ThreadPoolExecutor(16) as pool:
        for _ in range(100):
            pool.submit(call)
    assert max(most) <= 3


def test_a_full_queue_refuses_at_once() -> None:
    limiter = ConcurrencyLimiter(1, 0)
    with limiter.slot(Deadline()), pytest.raises(ServingError) as caught:
        limiter.slot(Deadline()).__enter__()
    assert caught.value.code is Code.RESOURCE_EXHAUSTED
    with limiter.slot(Deadline()):
        pass


def test_a_deadline_that_passes_in_the_queue_is_never_run() -> None:
    limiter = ConcurrencyLimiter(1, 10)
    with limiter.slot(Deadline()):
        with pytest.raises(ServingError) as caught:
            limiter.slot(Deadline.after(SOON_S)).__enter__()
        assert caught.value.code is Code.DEADLINE_EXCEEDED
        assert limiter.statistics().waiting == 0
    with limiter.slot(Deadline()):
        pass


def test_a_deadline_that_has_passed_takes_no_slot() -> None:
    limiter = ConcurrencyLimiter(1, 10)
    with pytest.raises(ServingError):
        limiter.slot(Deadline.after(-1)).__enter__()
    assert limiter.statistics().running == 0


def test_a_failing_call_gives_its_slot_back() -> None:
    limiter = ConcurrencyLimiter(1, 10)
    with pytest.raises(KeyError), limiter.slot(Deadline()):
        raise KeyError
    assert limiter.statistics().running == 0


def test_a_slot_granted_at_the_deadline_is_not_lost() -> None:
    """Hand-over and time-out race for a thousand rounds; no slot may be lost."""
    limiter = ConcurrencyLimiter(1, 10)
    done = threading.Event()

    def hold() -> None:
        while not done.is_set():
            with limiter.slot(Deadline()):
                time.sleep(0.0005)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        for _ in range(500):
            with suppress(ServingError), limiter.slot(Deadline.after(0.0006)):
                pass
        done.set()
    assert limiter.statistics()[:2] == (0, 0)


def test_a_disconnected_caller_gets_no_slot() -> None:
    limiter, gone = ConcurrencyLimiter(1, 10), Deadline()
    gone.abandon()
    with pytest.raises(ServingError) as caught:
        limiter.slot(gone).__enter__()
    assert caught.value.code is Code.CANCELLED
    assert limiter.statistics().running == 0


def test_the_latest_of_several_deadlines() -> None:
    assert latest([Deadline(3.0), Deadline(5.0)]).at == 5.0
    assert latest([Deadline(3.0), Deadline()]).at is None
