"""How small and how large objects are.

The least and the largest size say how far off a box is worth a look, and the usual size of
each object tells it from others.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.core.tracking.track import Sighting

# Sizes change slowly: they are measured this often, with room to change in the meantime.
RENEW_S = 0.5
ROOM = 1.1


class Sizes:
    """The least and the largest width + height of the tracks of one stream of frames."""

    __slots__ = ("_until", "largest", "smallest")

    def __init__(self) -> None:
        self.smallest = self.largest = 0.0
        self._until = 0.0

    def renew(self, seen: Sequence[Sighting], now: float) -> None:
        """Measure the tracks of the last frame, if there are any, and if it is time."""
        if seen and now >= self._until:
            sizes = [sighting[2] + sighting[3] for sighting in seen]
            self.smallest, self.largest = min(sizes) / ROOM, max(sizes) * ROOM
            self._until = now + RENEW_S
            for sighting in seen:
                sighting[8].look(sighting[2], sighting[3])

    def add(self, size: float) -> None:
        """Take in a track that was not in the last frame."""
        self.smallest = min(self.smallest, size)
        self.largest = max(self.largest, size)
