"""Limits that hold for the sum of all workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.core.bucket import BucketTable
from server.core.quota import EVERYONE
from server.workers.limiters import SharedLimiters
from server.workers.memory import SharedMemory


def workers(count: int = 2) -> list[SharedLimiters]:
    """The limiters of workers, each of which has mapped the memory itself."""
    descriptor = SharedMemory.create(count).descriptor
    return [SharedLimiters(SharedMemory(descriptor, count), worker) for worker in range(count)]


def test_a_key_holds_no_more_in_all_workers_than_it_may() -> None:
    one, other = (limiters.quota("sessions", 3) for limiters in workers())
    assert [one.acquire("a"), other.acquire("a"), one.acquire("a")] == [True, True, True]
    assert not one.acquire("a")
    assert not other.acquire("a")
    assert other.acquire("b")
    one.release("a")
    assert (one.held("a"), other.held("a")) == (2, 2)
    assert other.acquire("a")


def test_limits_of_different_names_do_not_add_up() -> None:
    limiters = workers()[0]
    assert limiters.quota("sessions", 1).acquire("a")
    assert limiters.quota("connections", 1).acquire("a")


def test_what_a_worker_held_is_free_when_it_has_ended() -> None:
    memory = SharedMemory.create(2)
    one, other = (SharedLimiters(memory, worker).quota("sessions", 2) for worker in range(2))
    one.hold(EVERYONE)
    other.hold(EVERYONE)
    memory.add_received(0)
    memory.set_undecided(0, 5)
    memory.forget(0)
    assert (one.held(EVERYONE), one.held_by(0, EVERYONE), one.held_by(1, EVERYONE)) == (1, 0, 1)
    assert (memory.received(0), memory.undecided(0)) == (0, 0)


def test_hardly_any_key_pays_for_others() -> None:
    quota = workers()[0].quota("sessions", 1)
    for number in range(1000):
        quota.hold(f"10.0.{number // 250}.{number % 250}")
    strangers = [f"10.1.{number // 250}.{number % 250}" for number in range(1000)]
    assert sum(quota.allows(stranger) for stranger in strangers) >= 990


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.booleans()), max_size=40),
    st.integers(3, 6),
)
def test_a_rate_is_that_of_one_table_whoever_counts(
    steps: list[tuple[int, int, bool]], burst: int
) -> None:
    # All times are multiples of 1/8 s, so no sum is rounded.
    table = BucketTable(4.0, burst)
    one, other = (limiters.buckets("logins", 4.0, burst) for limiters in workers())
    now = 1000.0
    for eighths, cost, first in steps:
        now += eighths / 8
        shared = one if first else other
        assert shared.wait_s("a", now, cost) == table.wait_s("a", now, cost)
        assert shared.allows("a", now, cost) == table.allows("a", now, cost)


def test_rates_of_different_keys_are_their_own() -> None:
    buckets = workers()[0].buckets("logins", 1.0, 1.0)
    assert buckets.allows("a", 10.0)
    assert not buckets.allows("a", 10.5)
    assert buckets.allows("b", 10.5)
    assert buckets.allows("a", 11.0)
