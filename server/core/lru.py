"""A table of bounded size, from which the least recently used entry is evicted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LRU(OrderedDict[K, V]):
    """At most ``most`` entries, which ``make`` makes when they are first asked for.

    Only ``of`` uses an entry; looking at one in any other way leaves the order as it is.
    """

    def __init__(self, most: int, make: Callable[[], V]) -> None:
        super().__init__()
        self._most = most
        self._make = make

    def of(self, key: K) -> V:
        """Return the entry of ``key``, which is made if there is none."""
        entry = self.get(key)
        if entry is None:
            entry = self[key] = self._make()
            if len(self) > self._most:
                self.popitem(last=False)
        else:
            self.move_to_end(key)
        return entry
