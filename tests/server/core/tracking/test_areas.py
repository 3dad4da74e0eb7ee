"""Zones and lines, on scripted paths."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server.core.answers import Count, Event
from server.core.tracking.areas import MAX_EVENTS, Area, Areas
from server.core.tracking.geometry import Point, contains, crossing, edges, side
from server.core.tracking.tracker import MAX_BOXES, MAX_LOST
from tests.server.core.tracking.paths import box, seen

SQUARE = Area("square", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))
# Open to the right, so that the way through its arms leaves it in between.
FORK = Area(
    "fork",
    (
        *((0.2, 0.2), (0.8, 0.2), (0.8, 0.4), (0.4, 0.4)),
        *((0.4, 0.6), (0.8, 0.6), (0.8, 0.8), (0.2, 0.8)),
    ),
)
# Their corners are on a grid, so that rounding does not move what lies on a border.
MIDDLE = Area("middle", ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
BOWTIE = Area("bow tie", ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)))
IN_OUT_IN = [("enter", 0.0), ("leave", 1.0), ("enter", 1.0)]
DOOR = Area("door", ((0.5, 0.2), (0.5, 0.8)))
KIND = 7


def walk(areas: Areas, *places: Point, track: int = 1) -> list[Event]:
    """Lead one object over these places, one a second. Return all events."""
    events = []
    for at, place in enumerate(places):
        events += areas.update(seen([place], kinds=[KIND]), [track], float(at), oldest=at - 5.0)
    return events


def short(events: list[Event]) -> list[tuple[str, float]]:
    return [(event.what, round(event.at, 6)) for event in events]


def watching(*zones: Area, lines: tuple[Area, ...] = ()) -> Areas:
    return Areas(zones, lines)


@pytest.mark.parametrize(
    ("zone", "places", "events"),
    [
        (SQUARE, [(0.3, 0.5), (0.5, 0.5), (0.9, 0.5)], [("enter", 0.5), ("leave", 1.25)]),
        (SQUARE, [(0.2, 0.5), (0.8, 0.5)], [("enter", 1 / 3), ("leave", 2 / 3)]),
        (SQUARE, [(0.5, 0.5), (0.55, 0.5)], [("enter", 0.0)]),
        (SQUARE, [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9)], []),
        (SQUARE, [(0.3, 0.45), (0.45, 0.3)], []),
        (SQUARE, [(0.3, 0.3), (0.5, 0.5)], [("enter", 0.5)]),
        (SQUARE, [(0.3, 0.5), (0.5, 0.5), (0.5, 0.5)], [("enter", 0.5)]),
        (
            FORK,
            [(0.6, 0.0), (0.6, 1.0)],
            [("enter", 0.2), ("leave", 0.4), ("enter", 0.6), ("leave", 0.8)],
        ),
        (MIDDLE, [(0.0, 0.5), (0.5, 0.0), (1.0, 0.5)], []),
        (MIDDLE, [(0.0, 0.5), (0.25, 0.25), (0.0, 0.0)], [("enter", 1.0), ("leave", 1.0)]),
        (MIDDLE, [(0.5, 0.5), (0.25, 0.5), (0.0, 0.5)], [("enter", 0.0), ("leave", 1.0)]),
        (MIDDLE, [(0.25, 0.5), (0.75, 0.5), (0.25, 0.5)], IN_OUT_IN),
        (MIDDLE, [(0.0, 0.25), (1.0, 0.25)], [("enter", 0.25), ("leave", 0.75)]),
        (MIDDLE, [(0.0, 0.75), (1.0, 0.75)], []),
        (BOWTIE, [(0.0, 0.375), (1.0, 0.375)], [("enter", 0.375), ("leave", 0.625)]),
        (BOWTIE, [(0.5, 0.0), (0.5, 1.0)], [("enter", 0.25), ("leave", 0.75)]),
        (BOWTIE, [(0.0, 0.5), (1.0, 0.5)], []),
    ],
    ids=[
        *("in and out", "in a hurry", "there already", "around", "past a corner", "by a corner"),
        *("stays", "twice"),
        *("touches two corners", "stops on a corner", "stops on the left edge on its way out"),
        *("stops on the right edge and returns", "along the upper edge", "along the lower edge"),
        *("through a half of a bow tie", "through both", "through its knot"),
    ],
)
def test_zones(zone: Area, places: list[Point], events: list[tuple[str, float]]) -> None:
    found = walk(watching(zone), *places)
    assert short(found) == [(what, pytest.approx(at)) for what, at in events]
    assert all((event.id, event.kind, event.area) == (1, KIND, zone.name) for event in found)


@pytest.mark.parametrize(
    ("places", "to"),
    [
        ([(0.3, 0.5), (0.7, 0.5)], ["left"]),
        ([(0.7, 0.5), (0.3, 0.5)], ["right"]),
        ([(0.7, 0.5), (0.3, 0.5), (0.7, 0.5)], ["right", "left"]),
        ([(0.3, 0.1), (0.7, 0.1)], []),
        ([(0.5, 0.1), (0.5, 0.9)], []),
        ([(0.4, 0.5), (0.5, 0.5), (0.6, 0.5)], ["left"]),
        ([(0.6, 0.5), (0.5, 0.5), (0.4, 0.5)], ["right"]),
        ([(0.4, 0.5), (0.5, 0.5), (0.4, 0.5)], []),
        ([(0.6, 0.5), (0.5, 0.5), (0.6, 0.5)], ["right", "left"]),
        ([(0.4, 0.5), (0.5, 0.5), (0.5, 0.7), (0.6, 0.7)], ["left"]),
        ([(0.4, 0.2), (0.6, 0.2)], ["left"]),
        ([(0.4, 0.8), (0.6, 0.8)], []),
    ],
    ids=[
        "to the left",
        "to the right",
        "and back",
        "past its end",
        "along it",
        *("with a stop on it", "and back, with a stop on it", "up to it and back"),
        *("up to it and back, from the left", "along it for a while"),
        *("through its first point", "through its last point"),
    ],
)
def test_lines(places: list[Point], to: list[str]) -> None:
    """Left and right are those of someone who looks along the line: here, down the screen."""
    events = walk(watching(lines=(DOOR,)), *places)
    assert [(event.what, event.to) for event in events] == [("cross", way) for way in to]


def test_events_come_in_the_order_in_which_they_happened() -> None:
    areas = watching(SQUARE, lines=(DOOR,))
    assert [event.what for event in walk(areas, (0.3, 0.5), (0.7, 0.5))] == [
        "enter",
        "cross",
        "leave",
    ]


# On a grid, so that rounding does not move what lies on a border.
SHARES = st.integers(0, 1024).map(lambda number: number / 1024)
POINTS = st.tuples(SHARES, SHARES)


@given(st.lists(POINTS, min_size=3, max_size=6), st.lists(POINTS, min_size=1, max_size=8))
def test_who_enters_leaves_before_it_enters_again(
    corners: list[Point], places: list[Point]
) -> None:
    areas = watching(Area("any", tuple(corners)))
    events = [event.what for event in walk(areas, *places)]
    assert events == ["enter", "leave"] * (len(events) // 2) + ["enter"] * (len(events) % 2)
    x0, y0, x1, y1 = box(places[-1])
    inside = contains(edges(corners), ((x0 + x1) / 2, (y0 + y1) / 2))
    assert bool(areas.counts()) == inside == bool(len(events) % 2)


def test_counts_are_by_zone_and_class() -> None:
    areas = watching(SQUARE, FORK)
    places = [(0.5, 0.5), (0.45, 0.45), (0.3, 0.5), (0.5, 0.5)]
    areas.update(seen(places, kinds=[2, 2, 3, 4]), [1, 2, 3, None], 0.0, oldest=-5.0)
    assert areas.counts() == [Count("fork", 3, 1), Count("square", 2, 2)]


def test_a_class_that_flickers_does_not_change_the_counts() -> None:
    areas = watching(SQUARE)
    for at, kind in enumerate([2, 3]):
        areas.update(seen([(0.5, 0.5)], kinds=[kind]), [1], float(at), oldest=-5.0)
    assert areas.counts() == [Count("square", 2, 1)]
    [event] = areas.update(seen([(0.9, 0.5)], kinds=[3]), [1], 2.0, oldest=-5.0)
    assert (event.what, event.kind) == ("leave", 2)


def test_who_is_not_seen_any_more_leaves_where_it_was_last() -> None:
    areas = watching(SQUARE)
    walk(areas, (0.5, 0.5), (0.5, 0.55))
    assert areas.update(seen([]), [], 2.0, oldest=0.5) == []
    assert areas.counts() == [Count("square", KIND, 1)]
    assert short(areas.update(seen([]), [], 3.0, oldest=1.5)) == [("leave", 1.0)]
    assert areas.counts() == []


def test_who_leaves_while_it_is_lost_leaves_where_the_straight_way_does() -> None:
    areas = watching(SQUARE)
    walk(areas, (0.5, 0.5))
    assert areas.update(seen([]), [], 0.5, oldest=-1.0) == []
    found = areas.update(seen([(0.9, 0.5)], kinds=[KIND]), [1], 1.0, oldest=-0.5)
    assert short(found) == [("leave", 0.25)]


def test_at_most_as_many_objects_are_known_as_a_tracker_follows() -> None:
    """The others leave: those that were seen last stay."""
    areas, most = watching(SQUARE), MAX_BOXES + MAX_LOST
    left = []
    for track in range(most + 10):
        left += areas.update(seen([(0.5, 0.5)], kinds=[KIND]), [track], track / 100, oldest=-60.0)
    assert [event.id for event in left if event.what == "leave"] == list(range(10))
    assert areas.counts() == [Count("square", KIND, most)]


def test_the_events_of_a_result_are_bounded() -> None:
    teeth = [(0.1 + i / 64, 0.3 if i % 2 else 0.7) for i in range(30)]
    combs = [Area(f"{i}", ((0.1, 0.9), *teeth, (0.9, 0.9))) for i in range(16)]
    areas = watching(*combs)
    places = [[(x, 0.5)] * 10 for x in (0.05, 0.95)]
    for at, frame in enumerate(places):
        answer = seen(frame, kinds=[KIND] * 10)
        events = areas.update(answer, list(range(10)), float(at), oldest=-5.0)
    assert len(events) == MAX_EVENTS
    assert areas.counts() == []


@given(st.lists(POINTS, min_size=2, max_size=10), POINTS, POINTS)
def test_a_line_is_crossed_to_one_side_and_then_to_the_other(
    places: list[Point], a: Point, b: Point
) -> None:
    """This one is so long that nobody gets around it."""
    assume(a != b)
    dx, dy = (4096 * (b[axis] - a[axis]) for axis in (0, 1))
    line = Area("line", ((a[0] - dx, a[1] - dy), (a[0] + dx, a[1] + dy)))
    sides = [event.to for event in walk(watching(lines=(line,)), *places, places[0])]
    assert all(one != other for one, other in pairwise(sides))
    assert sides.count("left") == sides.count("right")


def test_which_side_is_right() -> None:
    assert side((0.7, 0.5), (0.5, 0.9), (0.5, 0.1)) > 0  # looking up the screen
    assert side((0.3, 0.5), (0.5, 0.9), (0.5, 0.1)) < 0


def test_ways_that_meet_no_line() -> None:
    assert crossing((0, 0), (1, 0), (0, 1), (1, 1)) is None
    assert crossing((0, 0), (1, 1), (0, 1), (0.4, 0.6)) is None
    assert crossing((0, 0), (1, 1), (0, 1), (1, 0)) == 0.5


def test_an_hourglass_contains_what_is_in_either_half() -> None:
    hourglass = edges([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
    assert contains(hourglass, (0.5, 0.2))
    assert contains(hourglass, (0.5, 0.8))
    assert not contains(hourglass, (0.1, 0.5))
