"""Token buckets, with a clock that stands still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.bucket import BucketTable, TokenBucket


def test_a_burst_then_one_at_a_time() -> None:
    bucket = TokenBucket(10, 3)
    assert [bucket.allows(100.0) for _ in range(5)] == [True, True, True, False, False]
    assert not bucket.allows(100.05)
    assert bucket.allows(100.11)
    assert not bucket.allows(100.12)


def test_a_pause_fills_the_bucket_and_no_more() -> None:
    bucket = TokenBucket(10, 3)
    for _ in range(3):
        bucket.allows(0.0)
    assert not bucket.full(0.2)
    assert bucket.full(0.3 + 1e-9)
    assert [bucket.allows(3600.0) for _ in range(4)] == [True, True, True, False]


def test_a_camera_at_its_own_rate_is_never_refused() -> None:
    bucket = TokenBucket(30, 4)
    assert all(bucket.allows(n / 30) for n in range(10_000))


def test_what_is_refused_costs_nothing() -> None:
    bucket = TokenBucket(1, 10)
    assert not bucket.allows(0.0, 11)
    assert bucket.allows(0.0, 10)
    assert not any(bucket.allows(n / 100) for n in range(1, 100))
    assert bucket.allows(1.001)


def test_how_long_to_wait() -> None:
    bucket = TokenBucket(2, 4)
    assert bucket.wait_s(0.0) == 0
    assert bucket.allows(0.0, 4)
    assert bucket.wait_s(0.0, 3) == pytest.approx(1.5)
    assert bucket.wait_s(1.0, 3) == pytest.approx(0.5)


def test_reservations_stand_in_line() -> None:
    bucket = TokenBucket(10, 1)
    times = [bucket.reserve(0.0, 0.25) for _ in range(5)]
    assert times == [0.0, pytest.approx(0.1), pytest.approx(0.2), None, None]
    assert bucket.reserve(0.1, 0.25) == pytest.approx(0.2)


@given(
    st.floats(0.1, 100),
    st.integers(1, 10),
    st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 5)), min_size=1, max_size=100),
)
def test_never_more_than_the_burst_and_the_rate(
    per_second: float, burst: int, requests: list[tuple[float, float]]
) -> None:
    bucket = TokenBucket(per_second, burst)
    now = 0.0
    spent: list[tuple[float, float]] = []
    for pause, cost in requests:
        now += pause
        if bucket.allows(now, cost):
            spent.append((now, cost))
    for first in range(len(spent)):
        total = 0.0
        for at, cost in spent[first:]:
            total += cost
            assert total <= burst + (at - spent[first][0]) * per_second + 1e-6


# By key


def test_each_key_has_its_own() -> None:
    table = BucketTable(1, 2)
    assert [table.allows("a", 0.0) for _ in range(3)] == [True, True, False]
    assert table.allows("b", 0.0)
    assert table.wait_s("a", 0.0) == pytest.approx(1)


def test_full_buckets_are_dropped() -> None:
    table = BucketTable(1, 2)
    for n in range(1000):
        table.allows(n, float(n))
    assert len(table) <= 4


def test_no_more_keys_than_the_bound() -> None:
    table = BucketTable(0.001, 2, max_keys=100)
    for n in range(1000):
        table.allows(n, 0.0)
    assert len(table) == 100


def test_a_key_in_use_is_not_dropped() -> None:
    """Whoever floods the table with other keys does not free the one that was refused."""
    table = BucketTable(0.001, 2, max_keys=100)
    for _ in range(2):
        assert table.allows("flooder", 0.0)
    for n in range(1000):
        table.allows(n, 0.0)
        assert not table.allows("flooder", 0.0)
