"""The bound on a session's frames per second, with a clock that stands still."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.core.rate import RateLimit


def test_a_burst_then_one_at_a_time() -> None:
    rate = RateLimit(per_second=10, burst=3)
    assert [rate.allows(100.0) for _ in range(5)] == [True, True, True, False, False]
    assert not rate.allows(100.05)
    assert rate.allows(100.11)
    assert not rate.allows(100.12)


def test_a_pause_fills_the_bucket_and_no_more() -> None:
    rate = RateLimit(per_second=10, burst=3)
    for _ in range(3):
        rate.allows(0.0)
    assert [rate.allows(3600.0) for _ in range(4)] == [True, True, True, False]


def test_a_camera_at_its_own_rate_is_never_refused() -> None:
    rate = RateLimit(per_second=30, burst=4)
    assert all(rate.allows(n / 30) for n in range(10_000))


def test_who_was_refused_has_lost_nothing() -> None:
    rate = RateLimit(per_second=1, burst=1)
    assert rate.allows(0.0)
    assert not any(rate.allows(n / 100) for n in range(1, 100))
    assert rate.allows(1.001)


@given(
    st.floats(0.1, 100),
    st.integers(1, 10),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_never_more_than_the_burst_and_the_rate(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    rate = RateLimit(per_second, burst)
    now = 0.0
    allowed: list[float] = []
    for pause in pauses:
        now += pause
        if rate.allows(now):
            allowed.append(now)
    for first in range(len(allowed)):
        for last in range(first, len(allowed)):
            count = last - first + 1
            assert count <= burst + (allowed[last] - allowed[first]) * per_second + 1e-6
