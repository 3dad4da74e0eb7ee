"""Memory that the supervisor creates and all workers map: loads, holdings and rates.

Numbers are found by their place, or by a keyed hash: an address or a subject has
:data:`CELLS_PER_KEY` cells in a table of fixed size, and counts as what the smallest of them says
(a count-min sketch). Another key can only raise that, and only if it shares all three cells. Of
1,000 addresses that hold sessions, one in 11,000 does; the hash is keyed, so nobody can choose it.

There are no locks, so a worker that is killed or stopped delays no other. Cells of ``loads`` and
``held`` are written by one worker each; so is the moment when the supervisor clears those of a
worker that has ended. Cells of ``rates`` are single numbers that any worker may replace. So two
workers that count at the same microsecond may admit one too many.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct

CELLS_PER_KEY = 3
HELD_CELLS = 2**16
RATE_CELLS = 2**18

_SECRET_BYTES = 16
_LOADS = 2  # numbers for each worker: received connections, undecided ones
_HASH = struct.Struct(f"<{CELLS_PER_KEY}I")


class SharedMemory:
    """The memory of ``workers`` processes behind a file descriptor.

    ``held[worker]`` has what one worker holds; ``rates`` has times (monotonic seconds).
    """

    def __init__(self, descriptor: int, workers: int) -> None:
        self.descriptor = descriptor
        self.workers = workers
        memory = memoryview(mmap.mmap(descriptor, _size(workers)))
        self._secret = bytes(memory[:_SECRET_BYTES])
        at = _SECRET_BYTES
        self._loads = memory[at : at + 8 * _LOADS * workers].cast("q")
        at += 8 * _LOADS * workers
        self.held = [
            memory[at + 4 * HELD_CELLS * worker :][: 4 * HELD_CELLS].cast("i")
            for worker in range(workers)
        ]
        self.rates = memory[at + 4 * HELD_CELLS * workers :].cast("d")

    @classmethod
    def create(cls, workers: int) -> SharedMemory:
        """Return new memory, all zero, under a new secret."""
        descriptor = os.memfd_create("framewire")
        os.ftruncate(descriptor, _size(workers))
        os.pwrite(descriptor, os.urandom(_SECRET_BYTES), 0)
        return cls(descriptor, workers)

    def cells(self, name: str, key: object, size: int) -> set[int]:
        """Return the cells of ``key`` under a limit's name, in a table of ``size``."""
        text = f"{name}\0{key}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=_HASH.size, key=self._secret).digest()
        return {number % size for number in _HASH.unpack(digest)}

    def received(self, worker: int) -> int:
        """Return how many connections a worker has received since its start."""
        return self._loads[_LOADS * worker]

    def undecided(self, worker: int) -> int:
        """Return how many of them are open and may still become a session."""
        return self._loads[_LOADS * worker + 1]

    def add_received(self, worker: int) -> None:
        """Count a connection that a worker has received."""
        self._loads[_LOADS * worker] += 1

    def set_undecided(self, worker: int, count: int) -> None:
        """Set how many connections of a worker may still become a session."""
        self._loads[_LOADS * worker + 1] = count

    def forget(self, worker: int) -> None:
        """Clear what a worker held. It must have ended."""
        self.held[worker][:] = memoryview(bytes(4 * HELD_CELLS)).cast("i")
        self._loads[_LOADS * worker] = self._loads[_LOADS * worker + 1] = 0


def _size(workers: int) -> int:
    return _SECRET_BYTES + workers * (8 * _LOADS + 4 * HELD_CELLS) + 8 * RATE_CELLS
