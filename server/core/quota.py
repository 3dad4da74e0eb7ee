"""How many of something one key may hold at once: sessions of an address, uploads of a token.

Only keys that hold something are remembered, so there are never more of them than
things are held in all, which the caller bounds.

The caller must: call ``release`` exactly once for each ``acquire`` that returned true, and for
each ``hold``.
"""

from __future__ import annotations

from collections.abc import Hashable

EVERYONE = ""
"""The key of a limit that all share."""


class Quota:
    """At most ``limit`` for each key, or any number if that is None.

    ``acquire`` may say a limit of its own for a key.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._held: dict[Hashable, int] = {}

    def acquire(self, key: Hashable, limit: int | None = None) -> bool:
        """Hold one more, if ``key`` may. ``limit``: what the key's token grants, say."""
        if not self.allows(key, limit):
            return False
        self.hold(key)
        return True

    def hold(self, key: Hashable) -> None:
        """Hold one more, whether ``key`` may or not."""
        self._held[key] = self._held.get(key, 0) + 1

    def allows(self, key: Hashable, limit: int | None = None) -> bool:
        """Return whether ``acquire`` would succeed."""
        most = self.limit if limit is None else limit
        return most is None or self.held(key) < most

    def release(self, key: Hashable) -> None:
        """Hold one less."""
        held = self._held[key] - 1
        if held:
            self._held[key] = held
        else:
            del self._held[key]

    def held(self, key: Hashable) -> int:
        """Return how many ``key`` holds."""
        return self._held.get(key, 0)

    def __len__(self) -> int:
        return len(self._held)
