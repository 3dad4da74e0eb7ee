"""What happens to objects at zones and lines: they enter, leave, and cross.

An object is where the centre of its box is. Between two results it is taken to move
straight on, so an event has the time at which the border was reached, and one that passes
through a zone between two results is not missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from server.core.answers import Count, Detections, Event, Side
from server.core.tracking.geometry import Point, contains, crossing, passages, side

MAX_AREAS = 16
MAX_POINTS = 32

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """A zone, whose ``points`` are a polygon's corners, or a line, which has two."""

    name: str
    points: tuple[Point, ...]


@dataclass(slots=True)
class _Object:
    """A tracked object: where and when it was last, and its class in each zone that it is in."""

    place: Point
    at: float
    inside: dict[str, int] = field(default_factory=dict)


class Areas:
    """The zones and lines of one session. Times are seconds on the tracker's clock."""

    def __init__(self, zones: Sequence[Area], lines: Sequence[Area], lost_s: float) -> None:
        self._zones = [(zone, _bounds(zone.points)) for zone in zones]
        self._lines = lines
        self._lost_s = lost_s
        self._objects: dict[int, _Object] = {}

    def update(self, answer: Detections, ids: Sequence[int | None], now: float) -> list[Event]:
        """Return what has happened up to a frame, in the order in which it happened."""
        events: list[Event] = []
        for box, kind, track in zip(answer.boxes, answer.classes, ids, strict=True):
            if track is not None:
                place = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
                events.extend(self._move(track, kind, place, now))
        events.extend(self._end(now - self._lost_s))
        return sorted(events, key=lambda event: event.at)

    def counts(self) -> list[Count]:
        """Return how many objects of each class are in each zone; hidden ones count as well."""
        counter = Counter(
            (zone, kind) for entry in self._objects.values() for zone, kind in entry.inside.items()
        )
        return [Count(zone, kind, count) for (zone, kind), count in sorted(counter.items())]

    def _move(self, track: int, kind: int, place: Point, now: float) -> Iterator[Event]:
        entry = self._objects.get(track)
        if entry is None:
            entry = self._objects[track] = _Object(place, now)
        way = _bounds((entry.place, place))
        for zone, bounds in self._zones:
            if zone.name in entry.inside or _overlap(bounds, way):
                yield from _pass_zone(entry, zone, track, kind, place, now)
        for line in self._lines:
            yield from _pass_line(entry, line, track, kind, place, now)
        entry.place, entry.at = place, now

    def _end(self, oldest: float) -> Iterator[Event]:
        """Let those that were not seen any more leave, when they were last seen."""
        ended = [track for track, entry in self._objects.items() if entry.at < oldest]
        for track in ended:
            entry = self._objects.pop(track)
            for zone, kind in entry.inside.items():
                yield Event("leave", track, kind, zone, entry.at)


def _bounds(points: Sequence[Point]) -> Bounds:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _overlap(a: Bounds, b: Bounds) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _pass_zone(
    entry: _Object, zone: Area, track: int, kind: int, place: Point, now: float
) -> Iterator[Event]:
    """Yield an event wherever the way between two results is in the zone and was not, or was."""
    start = entry.place
    stops = [0.0, *passages(zone.points, start, place), 1.0]
    # Between two passages it is all inside or all outside, so the middle tells which.
    spans = [(a, _along(start, place, (a + b) / 2)) for a, b in pairwise(stops)]
    for share, middle in [*spans, (1.0, place)]:
        at = entry.at + share * (now - entry.at)
        if contains(zone.points, middle) and zone.name not in entry.inside:
            entry.inside[zone.name] = kind
            yield Event("enter", track, kind, zone.name, at)
        elif zone.name in entry.inside and not contains(zone.points, middle):
            yield Event("leave", track, entry.inside.pop(zone.name), zone.name, at)


def _pass_line(
    entry: _Object, line: Area, track: int, kind: int, place: Point, now: float
) -> Iterator[Event]:
    a, b = line.points
    share = crossing(entry.place, place, a, b)
    if share is not None:
        at = entry.at + share * (now - entry.at)
        to: Side = "right" if side(entry.place, a, b) < 0 else "left"
        yield Event("cross", track, kind, line.name, at, to)


def _along(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
