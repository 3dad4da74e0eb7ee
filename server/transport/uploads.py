"""The limits on concurrent uploads, in all and by address."""

from __future__ import annotations

from collections.abc import Callable

from server.core.errors import Overloaded
from server.core.quota import EVERYONE, Quota


class UploadSlots:
    """A fixed number of slots, because each upload may hold a whole picture in memory.

    ``slots`` limits all uploads together, ``addresses`` those of each address. ``on_full``: called
    with the name of the limit for each upload that finds no slot.
    """

    def __init__(self, slots: Quota, addresses: Quota, on_full: Callable[[str], None]) -> None:
        self._slots = slots
        self._addresses = addresses
        self._on_full = on_full

    def acquire(self, address: str | None) -> None:
        """Take a slot for an address; None: no limit by address applies. Raises Overloaded."""
        if not self._slots.allows(EVERYONE):
            self._on_full("max_uploads")
            most = self._slots.limit
            raise Overloaded(f"too many uploads: at most {most} may be under way; try again later")
        if address is not None and not self._addresses.acquire(address):
            self._on_full("max_uploads_per_address")
            most = self._addresses.limit
            raise Overloaded(
                f"too many uploads from this address: at most {most} may be under way; "
                "wait for one to end"
            )
        self._slots.hold(EVERYONE)

    def release(self, address: str | None) -> None:
        """Give a slot back."""
        self._slots.release(EVERYONE)
        if address is not None:
            self._addresses.release(address)
