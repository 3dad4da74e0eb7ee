"""Boxes on paths that a test knows, and what a tracker makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from server.core.answers import Detections, Tracks
from server.core.tracking.options import TrackingOptions
from server.core.tracking.tracker import Tracker

SIZE = 0.1
Place = tuple[float, float]
Path = Callable[[float], Place]
"""The centre of a box at a time."""


def new(**options: float) -> Tracker:
    return Tracker(TrackingOptions(**options), itertools.count(1))  # type: ignore[arg-type]


def box(place: Place, size: float = SIZE) -> list[float]:
    x, y = place
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2]


def seen(
    places: Iterable[Place], scores: Sequence[float] = (), kinds: Sequence[int] = ()
) -> Detections:
    """Boxes at these places. By default, they are sure, and of one class."""
    boxes = [box(place) for place in places]
    return Detections(boxes, list(scores) or [0.9] * len(boxes), list(kinds) or [1] * len(boxes))


def line(x: float, y: float, vx: float = 0.0, vy: float = 0.0) -> Path:
    return lambda at: (x + vx * at, y + vy * at)


def follow(tracker: Tracker, paths: Sequence[Path], times: Iterable[float]) -> Tracks:
    """Show the tracker boxes on ``paths`` at these times. Return the last tracks."""
    tracks = Tracks([], [])
    for at in times:
        tracks = tracker.update(seen(path(at) for path in paths), at)
    return tracks


def times(first: float, last: float, fps: float = 30) -> list[float]:
    return [first + i / fps for i in range(round((last - first) * fps) + 1)]
