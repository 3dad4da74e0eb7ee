"""Rate limits by address, in bounded memory."""

from __future__ import annotations

from server.access import ratelimiter
from server.access.ratelimiter import RateLimiter

NOW = 1000.0


def taken(limit: RateLimiter, address: str, count: int, now: float = NOW) -> int:
    return sum(limit.allows(address, now) for _ in range(count))


def test_each_address_has_its_own_limit() -> None:
    limit = RateLimiter(6)
    assert taken(limit, "8.8.8.8", 20) == 6
    assert taken(limit, "8.8.4.4", 20) == 6
    assert taken(limit, "8.8.8.8", 20, NOW + 10) == 1
    assert taken(limit, "8.8.8.8", 20, NOW + 70) == 6


def test_an_ipv6_prefix_shares_one_limit() -> None:
    limit = RateLimiter(6)
    assert sum(limit.allows(f"2001:db8::{one}", NOW) for one in range(20)) == 6
    assert limit.allows("2001:db8:0:1::1", NOW)
    assert taken(limit, "::ffff:8.8.8.8", 6) == 6
    assert not limit.allows("8.8.8.8", NOW)


def test_memory_is_bounded() -> None:
    limit = RateLimiter(6)
    assert taken(limit, "8.8.8.8", 20) == 6
    for number in range(ratelimiter.MAX_ADDRESSES + 100):
        limit.allows(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", NOW)
    assert len(limit) == ratelimiter.MAX_ADDRESSES
