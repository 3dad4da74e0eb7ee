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
from server.core.tracking.geometry import (
    Point,
    along,
    bounds,
    contains,
    crossing,
    edges,
    passages,
    side,
    touch,
)
from server.core.tracking.tracker import MAX_BOXES, MAX_LOST

MAX_AREAS = 16
MAX_POINTS = 32
# The events of a result. Only zones whose borders go to and fro in one place have more.
MAX_EVENTS = 1024


@dataclass(frozen=True, slots=True)
class Area:
    """A zone, whose ``points`` are a polygon's corners, or a line, which has two."""

    name: str
    points: tuple[Point, ...]


class _Zone:
    """A zone with what is asked for again and again: its edges, and the bounds of each."""

    def __init__(self, area: Area) -> None:
        self.name = area.name
        self.edges = edges(area.points)
        self.bounds = bounds(area.points)
        self._bounded = [(edge, bounds(edge)) for edge in self.edges]

    def passages(self, start: Point, end: Point) -> list[float]:
        """Return where a way meets the border, as shares of it, in order."""
        way = bounds((start, end))
        return passages((edge for edge, near in self._bounded if touch(near, way)), start, end)


@dataclass(slots=True)
class _Object:
    """A tracked object: where and when it was last, and its class in each zone that it is in."""

    place: Point
    at: float
    inside: dict[str, int] = field(default_factory=dict)


class Areas:
    """The zones and lines of one session. Times are seconds on the tracker's clock."""

    def __init__(self, zones: Sequence[Area], lines: Sequence[Area]) -> None:
        self._zones = [_Zone(area) for area in zones]
        self._lines = lines
        self._objects: dict[int, _Object] = {}  # those that were seen last are last

    def update(
        self, answer: Detections, ids: Sequence[int | None], now: float, oldest: float
    ) -> list[Event]:
        """Return what has happened up to a frame, in the order in which it happened.

        Tracks that were last seen before ``oldest`` have ended.
        """
        events: list[Event] = []
        for box, kind, track in zip(answer.boxes, answer.classes, ids, strict=True):
            if track is not None:
                place = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
                events.extend(self._move(track, kind, place, now))
        events.extend(self._end(oldest))
        return sorted(events, key=lambda event: event.at)[:MAX_EVENTS]

    def counts(self) -> list[Count]:
        """Return how many objects of each class are in each zone; hidden ones count as well."""
        counter = Counter(
            (zone, kind) for entry in self._objects.values() for zone, kind in entry.inside.items()
        )
        return [Count(zone, kind, count) for (zone, kind), count in sorted(counter.items())]

    def _move(self, track: int, kind: int, place: Point, now: float) -> Iterator[Event]:
        entry = self._objects.pop(track, None)
        is_new = entry is None
        entry = self._objects[track] = entry or _Object(place, now)
        way = bounds((entry.place, place))
        for zone in self._zones:
            if zone.name in entry.inside or touch(zone.bounds, way):
                yield from _pass_zone(entry, zone, track, kind, place, now, is_new)
        for line in self._lines:
            yield from _pass_line(entry, line, track, kind, place, now)
        entry.place, entry.at = place, now

    def _end(self, oldest: float) -> Iterator[Event]:
        """Let those that were not seen any more leave, when they were last seen."""
        while self._objects:
            track, entry = next(iter(self._objects.items()))
            if entry.at >= oldest and len(self._objects) <= MAX_BOXES + MAX_LOST:
                return
            del self._objects[track]
            for zone, kind in entry.inside.items():
                yield Event("leave", track, kind, zone, entry.at)


def _pass_zone(
    entry: _Object, zone: _Zone, track: int, kind: int, place: Point, now: float, is_new: bool
) -> Iterator[Event]:
    """Yield an event wherever the way between two results is in the zone and was not, or was."""
    start, met = entry.place, zone.passages(entry.place, place)
    if not met and not is_new:
        return
    # Between two passages it is all inside or all outside, so the middle tells which.
    stops = [0.0, *met, 1.0]
    spans = [(a, along(start, place, (a + b) / 2)) for a, b in pairwise(stops)]
    for share, middle in [*spans, (1.0, place)]:
        at = entry.at + share * (now - entry.at)
        is_inside = contains(zone.edges, middle)
        if is_inside and zone.name not in entry.inside:
            entry.inside[zone.name] = kind
            yield Event("enter", track, kind, zone.name, at)
        elif zone.name in entry.inside and not is_inside:
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
