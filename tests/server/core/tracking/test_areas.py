"""Zones and lines, on scripted paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.answers import Count, Event
from server.core.tracking.areas import Area, Areas
from server.core.tracking.geometry import Point, contains, crossing, side
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
DOOR = Area("door", ((0.5, 0.2), (0.5, 0.8)))
KIND = 7


def walk(areas: Areas, *places: Point, track: int = 1) -> list[Event]:
    """Lead one object over these places, one a second. Return all events."""
    events = []
    for at, place in enumerate(places):
        events += areas.update(seen([place], kinds=[KIND]), [track], float(at))
    return events


def short(events: list[Event]) -> list[tuple[str, float]]:
    return [(event.what, round(event.at, 6)) for event in events]


def watching(*zones: Area, lines: tuple[Area, ...] = (), lost_s: float = 5.0) -> Areas:
    return Areas(zones, lines, lost_s)


@pytest.mark.parametrize(
    ("zone", "places", "events"),
    [
        (SQUARE, [(0.3, 0.5), (0.5, 0.5), (0.9, 0.5)], [("enter", 0.5), ("leave", 1.25)]),
        (SQUARE, [(0.2, 0.5), (0.8, 0.5)], [("enter", 1 / 3), ("leave", 2 / 3)]),
        (SQUARE, [(0.5, 0.5), (0.55, 0.5)], [("enter", 0.0)]),
        (SQUARE, [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9)], []),
        (SQUARE, [(0.3, 0.3), (0.5, 0.5)], [("enter", 0.5)]),
        (SQUARE, [(0.3, 0.5), (0.5, 0.5), (0.5, 0.5)], [("enter", 0.5)]),
        (
            FORK,
            [(0.6, 0.0), (0.6, 1.0)],
            [("enter", 0.2), ("leave", 0.4), ("enter", 0.6), ("leave", 0.8)],
        ),
    ],
    ids=["in and out", "in a hurry", "there already", "around", "by a corner", "stays", "twice"],
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
    ],
    ids=[
        "to the left",
        "to the right",
        "and back",
        "past its end",
        "along it",
        "with a stop on it",
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
    inside = contains(corners, ((x0 + x1) / 2, (y0 + y1) / 2))
    assert bool(areas.counts()) == inside == bool(len(events) % 2)


def test_counts_are_by_zone_and_class() -> None:
    areas = watching(SQUARE, FORK)
    places = [(0.5, 0.5), (0.45, 0.45), (0.3, 0.5), (0.5, 0.5)]
    areas.update(seen(places, kinds=[2, 2, 3, 4]), [1, 2, 3, None], 0.0)
    assert areas.counts() == [Count("fork", 3, 1), Count("square", 2, 2)]


def test_a_class_that_flickers_does_not_change_the_counts() -> None:
    areas = watching(SQUARE)
    for at, kind in enumerate([2, 3]):
        areas.update(seen([(0.5, 0.5)], kinds=[kind]), [1], float(at))
    assert areas.counts() == [Count("square", 2, 1)]
    [event] = areas.update(seen([(0.9, 0.5)], kinds=[3]), [1], 2.0)
    assert (event.what, event.kind) == ("leave", 2)


def test_who_is_not_seen_any_more_leaves_where_it_was_last() -> None:
    areas = watching(SQUARE, lost_s=1.5)
    walk(areas, (0.5, 0.5), (0.5, 0.55))
    assert areas.update(seen([]), [], 2.0) == []
    assert areas.counts() == [Count("square", KIND, 1)]
    assert short(areas.update(seen([]), [], 3.0)) == [("leave", 1.0)]
    assert areas.counts() == []


def test_which_side_is_right() -> None:
    assert side((0.7, 0.5), (0.5, 0.9), (0.5, 0.1)) > 0  # looking up the screen
    assert side((0.3, 0.5), (0.5, 0.9), (0.5, 0.1)) < 0


def test_ways_that_meet_no_line() -> None:
    assert crossing((0, 0), (1, 0), (0, 1), (1, 1)) is None
    assert crossing((0, 0), (1, 1), (0, 1), (0.4, 0.6)) is None
    assert crossing((0, 0), (1, 1), (0, 1), (1, 0)) == 0.5


def test_an_hourglass_contains_what_is_in_either_half() -> None:
    hourglass = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    assert contains(hourglass, (0.5, 0.2))
    assert contains(hourglass, (0.5, 0.8))
    assert not contains(hourglass, (0.1, 0.5))
