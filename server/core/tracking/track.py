"""One object, as it is known from the boxes so far."""

from __future__ import annotations

from server.core.tracking.motion import Spread

# How many looks a usual size is the average of.
MOST_LOOKS = 5


class Track:
    """A track. ``id`` is negative until it is confirmed.

    ``kind``: the class of its latest box. ``first``: when it was first detected. ``spread.at``
    is when it was last detected. ``width`` and ``height`` are what they usually are, on average
    over the latest ``looks``; 0: nobody has looked yet.
    """

    __slots__ = ("first", "height", "id", "kind", "looks", "spread", "width")

    def __init__(self, number: int, kind: int, spread: Spread) -> None:
        self.id = number
        self.kind = kind
        self.first = spread.at
        self.spread = spread
        self.width = self.height = 0.0
        self.looks = 0

    def look(self, width: float, height: float) -> None:
        """Take in a size that it was detected with."""
        self.looks += self.looks < MOST_LOOKS
        self.width += (width - self.width) / self.looks
        self.height += (height - self.height) / self.looks


Sighting = tuple[float, float, float, float, float, float, float, float, Track]
"""The state of a track when it was last detected, and the track."""
