"""The limit on concurrent uploads."""

from __future__ import annotations

from collections.abc import Callable

from server.core.errors import Overloaded


class UploadSlots:
    """A fixed number of slots, because each upload may hold a whole picture in memory.

    ``on_full``: called for each upload that finds no free slot.
    """

    def __init__(self, slots: int, on_full: Callable[[], None]) -> None:
        self._slots = slots
        self._on_full = on_full
        self._used = 0

    def acquire(self) -> None:
        """Take a slot. Raises Overloaded."""
        if self._used >= self._slots:
            self._on_full()
            raise Overloaded(f"all {self._slots} upload slots are in use")
        self._used += 1

    def release(self) -> None:
        """Give a slot back."""
        self._used -= 1
