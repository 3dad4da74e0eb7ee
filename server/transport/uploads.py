"""The bound on uploads under way."""

from __future__ import annotations

from collections.abc import Callable

from server.core.errors import Overloaded


class UploadSlots:
    """How many uploads may be under way at once; each may hold a whole picture in memory.

    ``full``: called for each that finds no place.
    """

    def __init__(self, bound: int, full: Callable[[], None]) -> None:
        self._bound = bound
        self._full = full
        self._count = 0

    def enter(self) -> None:
        """Count one more. Raises Overloaded."""
        if self._count >= self._bound:
            self._full()
            raise Overloaded(f"{self._count} uploads are under way, and no more are taken")
        self._count += 1

    def leave(self) -> None:
        """Count one less."""
        self._count -= 1
