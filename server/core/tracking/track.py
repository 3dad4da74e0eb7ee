"""One object, as it is known from the boxes so far."""

from __future__ import annotations

from server.core.tracking.motion import Spread, State


class Track:
    """A track. ``id`` is None until it is confirmed.

    ``kind``: the class of its latest box. ``first``: when it was first detected. When it
    was last detected is the first of its ``spread``.
    """

    __slots__ = ("first", "id", "kind", "spread", "state")

    def __init__(self, state: State, kind: int, spread: Spread) -> None:
        self.id: int | None = None
        self.kind = kind
        self.first = spread[0]
        self.spread = spread
        self.state = state
