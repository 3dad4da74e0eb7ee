"""A bound on what one address may try."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from server.access.addresses import parse
from server.core.rate import RateLimit

# So many addresses are remembered; beyond that the one seen longest ago is forgotten.
MAX_ADDRESSES = 10_000
# What one household or one host has of IPv6.
HOME_BITS = 64


class RateLimiter:
    """So many attempts a minute of each address, and as many at once."""

    def __init__(self, per_minute: float) -> None:
        self._per_minute = per_minute
        self._limits: OrderedDict[str, RateLimit] = OrderedDict()

    def allows(self, address: str, now: float) -> bool:
        """Whether one more may come of ``address`` at ``now`` (monotonic seconds)."""
        home = _home(address)
        limit = self._limits.pop(home, None)
        if limit is None:
            limit = RateLimit(self._per_minute / 60, max(1, round(self._per_minute)))
        self._limits[home] = limit
        if len(self._limits) > MAX_ADDRESSES:
            self._limits.popitem(last=False)
        return limit.allows(now)

    def __len__(self) -> int:
        return len(self._limits)


def _home(address: str) -> str:
    found = parse(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, HOME_BITS), strict=False))
    return str(found or address)
