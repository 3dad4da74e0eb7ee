"""Rate limits by client address."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from server.access.addresses import parse
from server.core.rate import RateLimit

# Beyond this, the least recently seen address is evicted.
MAX_ADDRESSES = 10_000
# The IPv6 prefix that one household or host usually has.
IPV6_PREFIX_BITS = 64


class RateLimiter:
    """Allows each address ``per_minute`` requests a minute, with a burst of as many."""

    def __init__(self, per_minute: float) -> None:
        self._per_minute = per_minute
        self._limits: OrderedDict[str, RateLimit] = OrderedDict()

    def allows(self, address: str, now: float) -> bool:
        """Count one request from ``address`` at ``now`` (monotonic seconds), if it is allowed."""
        key = _key(address)
        limit = self._limits.pop(key, None)
        if limit is None:
            limit = RateLimit(self._per_minute / 60, max(1, round(self._per_minute)))
        self._limits[key] = limit
        if len(self._limits) > MAX_ADDRESSES:
            self._limits.popitem(last=False)
        return limit.allows(now)

    def __len__(self) -> int:
        return len(self._limits)


def _key(address: str) -> str:
    """Return what shares a limit: an IPv4 address or an IPv6 prefix."""
    parsed = parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return str(parsed or address)
