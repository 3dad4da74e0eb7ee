"""The options of tracking, as a session may set them."""

from __future__ import annotations

from dataclasses import dataclass

MAX_CONFIRM_MS = 10_000
MAX_LOST_MS = 60_000


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """When a track begins, is confirmed, and ends.

    ``start_score``: a box needs this score to begin a track. ``keep_score``: a weaker one
    may continue a track down to this score. ``confirm_ms``: a track gets its id once it has
    been seen twice, this long apart. ``lost_ms``: a track that is not seen for longer ends;
    a time without frames does not count, up to as long again.
    """

    start_score: float = 0.5
    keep_score: float = 0.1
    confirm_ms: int = 30
    lost_ms: int = 1500
