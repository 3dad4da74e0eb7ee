"""Token buckets: bounds on rates, for one session or for many keys.

A bucket holds up to ``burst`` units and gains ``per_second``. What costs more than it
holds is refused and takes nothing, so over any span of t seconds at most
``burst + per_second * t`` units are spent. The unit is the caller's: messages, frames,
bytes, log lines.

A :class:`BucketTable` has a bucket for each key, such as an address or a token's
subject. Keys are untrusted, so their number is bounded. A full bucket is as good as a
new one; full ones are dropped first, two for each new key, which loses nothing. If there
are more than ``max_keys`` that are not full, the one used longest ago is dropped, and its
key may spend a burst anew. That gains nothing for somebody who has so many keys.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class TokenBucket:
    """At most ``per_second`` units on average and ``burst`` at once."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = float(burst)
        self._units = float(burst)
        self._at: float | None = None

    def changed(self, per_second: float, burst: float) -> TokenBucket:
        """Return a bucket of other bounds that holds no more than this one."""
        bucket = TokenBucket(per_second, burst)
        bucket._units, bucket._at = min(bucket.burst, self._units), self._at
        return bucket

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Spend ``cost`` at ``now`` (monotonic seconds), if the bucket holds that much."""
        self._refill(now)
        if self._units < cost:
            return False
        self._units -= cost
        return True

    def affords(self, now: float, cost: float) -> bool:
        """Spend ``cost``, or all of a full bucket if it is more than that."""
        return self.allows(now, min(cost, self.burst))

    def reserve(self, now: float, longest_s: float) -> float | None:
        """Spend a unit in advance. Return in how many seconds it is earned, 0 for now.

        None: that takes more than ``longest_s``, and nothing is spent.
        """
        wait_s = self.wait_s(now)
        if wait_s > longest_s:
            return None
        self._units -= 1
        return wait_s

    def wait_s(self, now: float, cost: float = 1.0) -> float:
        """Return the seconds until ``cost`` can be spent, if nothing else is: Retry-After."""
        self._refill(now)
        return max(0.0, (cost - self._units) / self.per_second)

    def full(self, now: float) -> bool:
        """Return whether this bucket is as good as a new one."""
        self._refill(now)
        return self._units >= self.burst

    def _refill(self, now: float) -> None:
        if self._at is not None:
            gained = (now - self._at) * self.per_second
            self._units = min(self.burst, self._units + gained)
        self._at = now


class BucketTable:
    """A bucket for each key, for ``max_keys`` keys at most."""

    def __init__(self, per_second: float, burst: float, max_keys: int = 10_000) -> None:
        self._per_second = per_second
        self._burst = burst
        self._max_keys = max_keys
        # The key used longest ago is first.
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def allows(self, key: Hashable, now: float, cost: float = 1.0) -> bool:
        """Spend ``cost`` of ``key`` at ``now`` (monotonic seconds), if it has that much."""
        return self._bucket(key, now).allows(now, cost)

    def wait_s(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Return the seconds until ``key`` can spend ``cost``."""
        return self._bucket(key, now).wait_s(now, cost)

    def __len__(self) -> int:
        return len(self._buckets)

    def _bucket(self, key: Hashable, now: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[key] = TokenBucket(self._per_second, self._burst)
        self._buckets.move_to_end(key)
        return bucket

    def _make_room(self, now: float) -> None:
        for _ in range(2):
            if self._buckets and next(iter(self._buckets.values())).full(now):
                self._buckets.popitem(last=False)
        if len(self._buckets) >= self._max_keys:
            self._buckets.popitem(last=False)
