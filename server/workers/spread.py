"""Which worker gets the next connection: the least loaded; of equals, the one chosen longest ago.

A worker's load is its sessions and the connections that may still become one. Connections that
have been answered over HTTP and are kept alive are no load.

Why the supervisor accepts connections, instead of each worker on a socket of its own with
``SO_REUSEPORT``: the kernel chooses a socket by a hash of the addresses, which is as uneven as
dice. Of 64 connections, all sockets got a share within 20 % of an equal one in 82 to 94 % of 200
rounds with two sockets, and in 24 to 30 % with four (``framewire loadtest workers``). Taking turns
would be even for connections, but not for sessions, because requests over HTTP would take turns
as well.
"""

from __future__ import annotations

from collections.abc import Mapping


class Spread:
    """Ranks workers by their load."""

    def __init__(self) -> None:
        self._connections = 0
        self._chosen: dict[int, int] = {}  # when each was chosen last, counted in connections

    def ranked(self, loads: Mapping[int, int]) -> list[int]:
        """Return the workers, the best one first."""
        return sorted(loads, key=lambda worker: (loads[worker], self._chosen.get(worker, 0)))

    def chose(self, worker: int) -> None:
        """Note that ``worker`` got a connection."""
        self._connections += 1
        self._chosen[worker] = self._connections
