"""Makes the limits that hold for a whole gateway, and not for one session.

Each limit has a name, usually its setting's. A gateway of one process counts in its own memory;
workers replace this class by one whose counts they share.
"""

from __future__ import annotations

from server.core.bucket import BucketTable
from server.core.quota import Quota


class Limiters:
    """Limits that one process counts for itself."""

    def quota(self, name: str, limit: int | None) -> Quota:
        """Return a limit on how many of something one key may hold; None: any number."""
        return Quota(limit)

    def buckets(self, name: str, per_second: float, burst: float) -> BucketTable:
        """Return a limit on the rate of each key."""
        return BucketTable(per_second, burst)
