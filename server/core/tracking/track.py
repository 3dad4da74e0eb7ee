"""One object, as it is known from the boxes so far."""

from __future__ import annotations

from server.core.tracking.motion import Spread


class Track:
    """A track. ``id`` is negative until it is confirmed.

    ``kind``: the class of its latest box. ``first``: when it was first detected. ``spread.at``
    is when it was last detected.
    """

    __slots__ = ("first", "id", "kind", "spread")

    def __init__(self, number: int, kind: int, spread: Spread) -> None:
        self.id = number
        self.kind = kind
        self.first = spread.at
        self.spread = spread


Sighting = tuple[float, float, float, float, float, float, float, float, Track]
"""The state of a track when it was last detected, and the track."""
