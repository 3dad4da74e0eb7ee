"""What ids and velocities promise, on paths that are known."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any

import pytest

from server.core.answers import Detections
from server.core.tracking.tracker import MAX_BOXES, MAX_LOST
from tests.server.core.tracking.paths import SIZE, Place, box, follow, line, new, seen, times

STILL = line(0.5, 0.5)


def test_a_box_gets_its_id_once_it_has_been_seen_again() -> None:
    tracker = new(confirm_ms=50)
    assert follow(tracker, [STILL], [0.0]).ids == [None]
    assert follow(tracker, [STILL], [0.04]).ids == [None]
    assert follow(tracker, [STILL], [0.08]).ids == [1]
    assert follow(tracker, [STILL], [0.12]).ids == [1]


def test_without_a_time_to_confirm_ids_come_at_once() -> None:
    assert follow(new(confirm_ms=0), [STILL, line(0.1, 0.1)], [0.0]).ids == [1, 2]


def test_a_box_without_an_id_has_no_velocity() -> None:
    tracker = new()
    assert follow(tracker, [STILL], [0.0]).velocities == [None]
    assert None not in follow(tracker, [STILL], [0.1]).velocities


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_velocities_are_those_of_the_edges_per_second(fps: float) -> None:
    tracks = follow(new(), [line(0.2, 0.2, 0.3, 0.1)], times(0.0, 2.0, fps))
    [edges] = tracks.velocities
    assert edges == pytest.approx([0.3, 0.1, 0.3, 0.1], abs=0.02)


def test_a_box_that_grows_has_edges_that_part() -> None:
    tracker = new()
    for at in times(0.0, 2.0):
        tracks = tracker.update(Detections([box((0.5, 0.5), 0.1 + 0.1 * at)], [0.9], [1]), at)
    [edges] = tracks.velocities
    assert edges is not None
    assert edges[0] < -0.02 < 0.02 < edges[2]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_objects_that_cross_keep_their_ids(fps: float) -> None:
    paths = [line(0.1, 0.5, 0.3, 0.02), line(0.9, 0.5, -0.3, -0.02), line(0.5, 0.1, 0.0, 0.3)]
    tracker = new()
    before = follow(tracker, paths, times(0.0, 0.5, fps))
    after = follow(tracker, paths, times(0.6, 2.6, fps))
    assert before.ids == after.ids == [1, 2, 3]


def test_the_order_of_the_boxes_does_not_matter() -> None:
    paths = [line(0.2, 0.2, 0.1), line(0.5, 0.5, 0.0, 0.1), line(0.8, 0.3, -0.1)]
    tracker = new()
    follow(tracker, paths, times(0.0, 0.5))
    assert follow(tracker, paths[::-1], times(0.55, 0.9)).ids == [3, 2, 1]


def test_a_gap_is_as_long_as_it_was() -> None:
    """Of two objects, each is where the other was by the time of the next frame."""
    tracker = new()
    paths = [line(0.2, 0.5, 0.4), line(0.8, 0.5, -0.4)]
    follow(tracker, paths, times(0.0, 0.5))
    assert follow(tracker, paths, [1.0]).ids == [1, 2]


def test_who_is_hidden_for_a_while_returns_with_its_id() -> None:
    tracker = new(lost_ms=1500)
    path = line(0.2, 0.5, 0.2)
    follow(tracker, [path], times(0.0, 1.0))
    follow(tracker, [], times(1.05, 1.8))
    assert follow(tracker, [path], [1.85]).ids == [1]


def test_who_is_gone_for_longer_is_another() -> None:
    tracker = new(lost_ms=500, confirm_ms=0)
    follow(tracker, [STILL], times(0.0, 1.0))
    follow(tracker, [], times(1.05, 1.6))
    assert follow(tracker, [STILL], [1.65]).ids == [2]


@pytest.mark.parametrize(("at", "number"), [(1.65, 1), (1.95, 1), (2.05, 2)])
@pytest.mark.parametrize("missing", [[], times(1.05, 1.4)], ids=["seen last", "missed before"])
def test_while_no_frame_comes_nobody_is_gone_up_to_as_long_again(
    missing: Sequence[float], at: float, number: int
) -> None:
    tracker = new(lost_ms=500, confirm_ms=0)
    follow(tracker, [STILL], times(0.0, 1.0))
    follow(tracker, [], missing)
    assert follow(tracker, [STILL], [at]).ids == [number]


def test_a_box_seen_only_once_is_forgotten_soon() -> None:
    tracker = new(confirm_ms=50)
    follow(tracker, [STILL], [0.0])
    follow(tracker, [], times(0.1, 0.3))
    assert follow(tracker, [STILL], [0.35]).ids == [None]


@pytest.mark.parametrize(
    ("scores", "ids"),
    [
        ([0.5], [1]),
        ([0.49], [None]),
    ],
)
def test_only_a_confident_box_begins_a_track(scores: list[float], ids: list[int | None]) -> None:
    tracker = new(start_score=0.5, confirm_ms=0)
    assert list(tracker.update(seen([(0.5, 0.5)], scores), 0.0).ids) == ids


@pytest.mark.parametrize(("score", "ids"), [(0.2, [1]), (0.1, [1]), (0.09, [None])])
def test_a_weak_box_continues_a_track(score: float, ids: list[int | None]) -> None:
    tracker = new(start_score=0.5, keep_score=0.1)
    follow(tracker, [STILL], times(0.0, 0.5))
    assert list(tracker.update(seen([(0.5, 0.5)], [score]), 0.55).ids) == ids


def test_a_confident_box_comes_before_a_weak_one_that_is_nearer() -> None:
    tracker = new()
    follow(tracker, [STILL], times(0.0, 0.5))
    tracks = tracker.update(seen([(0.51, 0.5), (0.5, 0.5)], [0.9, 0.2]), 0.55)
    assert tracks.ids == [1, None]


def test_where_places_are_alike_the_class_decides() -> None:
    tracker = new()
    for at in times(0.0, 0.5):
        tracker.update(seen([(0.5, 0.5), (0.53, 0.5)], kinds=[3, 4]), at)
    assert tracker.update(seen([(0.515, 0.5), (0.515, 0.5)], kinds=[4, 3]), 0.53).ids == [2, 1]


def test_a_class_that_flickers_costs_no_id() -> None:
    tracker = new()
    for number, at in enumerate(times(0.0, 1.0)):
        tracks = tracker.update(seen([(0.5, 0.5)], kinds=[3 if number % 5 else 8]), at)
    assert tracks.ids == [1]


def test_who_turns_round_keeps_its_id_and_gets_a_new_velocity() -> None:
    tracker = new()
    follow(tracker, [line(0.2, 0.5, 0.25)], times(0.0, 1.0))
    back = line(0.7, 0.5, -0.25)
    tracks = follow(tracker, [back], times(1.05, 1.4))
    assert tracks.ids == [1]
    assert tracks.velocities[0] == pytest.approx([-0.25, 0.0, -0.25, 0.0], abs=0.04)


def test_who_should_have_left_the_frame_does_not_return() -> None:
    """Another object at the same edge is a new one, though it comes soon after."""
    tracker = new(confirm_ms=0)
    follow(tracker, [line(0.6, 0.5, 0.4)], times(0.0, 0.9))
    follow(tracker, [], times(0.95, 1.4))
    assert follow(tracker, [line(0.95, 0.5)], [1.45]).ids == [2]


def test_who_is_hidden_near_the_edge_returns() -> None:
    tracker = new(confirm_ms=0)
    follow(tracker, [line(0.6, 0.5, 0.2)], times(0.0, 1.0))
    follow(tracker, [], times(1.05, 1.4))
    assert follow(tracker, [line(0.6, 0.5, 0.2)], [1.45]).ids == [1]


def of_sizes(small: Place, large: Place) -> Detections:
    """Two boxes of known sizes; the small one is the surer of the two."""
    return Detections([box(small, 0.1), box(large, 0.13)], [0.95, 0.9], [1, 1])


def test_where_places_are_alike_the_size_decides() -> None:
    """Of two boxes just as far off, each object gets the one of its size."""
    tracker = new()
    for at in times(0.0, 1.0):
        tracker.update(of_sizes((0.5, 0.5), (0.56, 0.5)), at)
    assert tracker.update(of_sizes((0.53, 0.52), (0.53, 0.48)), 1.3).ids == [1, 2]


def test_one_look_amiss_does_not_change_what_size_an_object_is_known_by() -> None:
    """Both boxes were half hidden in the frame before, and are in each other's place now."""
    tracker, [hidden] = new(), [box((0.53, 0.5), 0.115)]
    for at in times(0.0, 2.0):
        tracker.update(of_sizes((0.47, 0.5), (0.59, 0.5)), at)
    tracker.update(Detections([hidden, hidden], [0.9, 0.9], [1, 1]), 2.2)
    assert tracker.update(of_sizes((0.53, 0.505), (0.53, 0.495)), 2.4).ids == [1, 2]


def test_who_grows_step_by_step_keeps_its_id() -> None:
    """Who comes in over the edge soon is larger than usual, but not than it was last."""
    tracker = new(confirm_ms=0)
    follow(tracker, [STILL], times(0.0, 2.0))
    for step in range(1, 8):
        # Each box is out of the clear, so that its size is looked at.
        there = box((0.5 + 0.03 * (step % 2), 0.5), SIZE * 1.1**step)
        assert tracker.update(Detections([there], [0.9], [1]), 2.0 + step / 30).ids == [1]


def test_who_appears_between_two_others_is_new() -> None:
    """Where all three are in one column, and the new one is the best box."""
    tracker = new(confirm_ms=0)
    follow(tracker, [line(0.5, 0.1), line(0.5, 0.9)], times(0.0, 0.5))
    assert tracker.update(seen([(0.5, 0.5), (0.5, 0.1), (0.5, 0.9)]), 0.53).ids == [3, 1, 2]


def test_two_boxes_on_one_object_are_two_tracks_at_most() -> None:
    """A box that two tracks may take, and a track that two boxes may take, get one each."""
    tracker = new(confirm_ms=0)
    follow(tracker, [STILL], times(0.0, 0.5))
    ids = tracker.update(seen([(0.5, 0.5), (0.502, 0.5), (0.498, 0.5)]), 0.53).ids
    assert sorted(number for number in ids if number is not None) == [1, 2, 3]


def test_boxes_without_an_extent_are_no_trouble() -> None:
    tracker = new(confirm_ms=0)
    points = Detections([[0.5, 0.5, 0.5, 0.5], [0.2, 0.2, 0.2, 0.3]], [0.9, 0.9], [1, 1])
    for at in times(0.0, 0.3):
        assert len(tracker.update(points, at).ids) == 2


@pytest.mark.parametrize("edge", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("index", range(4))
def test_boxes_that_are_nowhere_disturb_nobody(edge: float, index: int) -> None:
    tracker = new(confirm_ms=0)
    nowhere = box((0.5, 0.5))
    nowhere[index] = edge
    boxes = [nowhere, box((0.2, 0.2)), nowhere, box((0.8, 0.8))]
    for at in times(0.0, 0.3):
        tracks = tracker.update(Detections(boxes, [0.9] * 4, [1] * 4), at)
    named = [number for number in tracks.ids if number is not None]
    assert [tracks.ids[1], tracks.ids[3]] == named[:2] == [1, 2]


@pytest.mark.parametrize("count", [2, 9, 15, 40])
def test_boxes_that_lie_on_one_another_keep_as_many_ids(count: int) -> None:
    tracker = new(confirm_ms=0)
    for at in times(0.0, 0.3):
        ids = tracker.update(seen([(0.5, 0.5)] * count), at).ids
        assert sorted(filter(None, ids)) == list(range(1, count + 1))


def test_after_a_gap_longer_than_any_track_lasts_everybody_is_new() -> None:
    tracker = new(lost_ms=60_000, confirm_ms=0)
    follow(tracker, [STILL, line(0.1, 0.1)], times(0.0, 1.0))
    assert follow(tracker, [STILL, line(0.1, 0.1)], [50.0]).ids == [1, 2]
    assert follow(tracker, [STILL, line(0.1, 0.1)], [1e9]).ids == [3, 4]


def test_a_frame_without_boxes_is_no_trouble() -> None:
    tracker = new()
    assert tracker.update(seen([]), 0.0).ids == []
    follow(tracker, [STILL], times(0.1, 0.3))
    assert tracker.update(seen([]), 0.35).ids == []


def crowd(count: int, side: int = 20) -> Sequence[tuple[float, float]]:
    return [((i % side) / side, (i // side) / side) for i in range(count)]


def test_only_the_best_boxes_of_a_frame_are_tracked() -> None:
    tracker = new(confirm_ms=0)
    ids = tracker.update(seen(crowd(MAX_BOXES + 5)), 0.0).ids
    assert ids == [*range(1, MAX_BOXES + 1), *[None] * 5]


def test_only_so_many_lost_tracks_are_kept() -> None:
    tracker = new(confirm_ms=0)
    for number, at in enumerate(times(0.0, 0.3)):
        places = [(x + number % 2 * 0.5, y) for x, y in crowd(MAX_BOXES, 24)]
        tracker.update(seen(places, kinds=[number] * MAX_BOXES), at)
    assert len(tracker._lost) <= MAX_LOST


def test_a_crowd_that_lies_on_one_spot_is_paired_one_to_one() -> None:
    """More boxes than are paired at the least cost: then the likeliest come first."""
    tracker = new(confirm_ms=0)
    places = [(0.5 + i * 0.002, 0.5) for i in range(30)]
    tracker.update(seen(places), 0.0)
    assert sorted(filter(None, tracker.update(seen(places), 0.03).ids)) == list(range(1, 31))


def executed(work: Callable[[], object]) -> int:
    """Count the lines of tracking that some work takes: a measure that no load disturbs."""
    count = 0

    def line(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if "core/tracking" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def jittered(chance: random.Random, size: float = SIZE) -> list[float]:
    return box((chance.gauss(0.5, 0.002), chance.gauss(0.5, 0.002)), size)


def one_spot(number: int, chance: random.Random) -> Sequence[Sequence[float]]:
    return [jittered(chance) for _ in range(MAX_BOXES)]


def sizes_in_turn(number: int, chance: random.Random) -> Sequence[Sequence[float]]:
    """Boxes on one spot that never are of the size that was expected."""
    return [jittered(chance, SIZE * (3 if number % 2 else 1)) for _ in range(MAX_BOXES)]


def anywhere(number: int, chance: random.Random) -> Sequence[Sequence[float]]:
    return [box((chance.random(), chance.random())) for _ in range(MAX_BOXES)]


def around_a_giant(number: int, chance: random.Random) -> Sequence[Sequence[float]]:
    """Small boxes, so many of which the reach of the large one would have compared."""
    return [box((0.5, 0.5), 1.0), *(box(place, 0.01) for place in crowd(MAX_BOXES - 1))]


@pytest.mark.parametrize("scene", [one_spot, sizes_in_turn, anywhere, around_a_giant])
@pytest.mark.parametrize("fps", [30, 5])
def test_the_work_for_a_frame_is_bounded(
    scene: Callable[[int, random.Random], Sequence[Sequence[float]]], fps: float
) -> None:
    """A frame of many boxes keeps the event loop, whatever a model or a camera makes of it."""
    tracker, chance, work = new(confirm_ms=0), random.Random(1), []
    for number in range(6):
        boxes = scene(number, chance)
        answer = Detections(boxes, [0.9] * len(boxes), [1] * len(boxes))
        work.append(executed(partial(tracker.update, answer, number / fps)))
    assert max(work) < 60_000


def test_a_heap_of_boxes_keeps_its_ids() -> None:
    tracker = new(confirm_ms=0)
    for at in times(0.0, 0.3):
        ids = tracker.update(seen([(0.5, 0.5)] * MAX_BOXES), at).ids
        assert sorted(filter(None, ids)) == list(range(1, MAX_BOXES + 1))


def test_boxes_of_another_size_do_not_continue_a_heap() -> None:
    tracker = new(confirm_ms=0)
    for size, at in ((SIZE, 0.0), (3 * SIZE, 0.03)):
        boxes = [box((0.5, 0.5), size)] * MAX_BOXES
        ids = tracker.update(Detections(boxes, [0.9] * MAX_BOXES, [1] * MAX_BOXES), at).ids
    assert sorted(filter(None, ids)) == list(range(MAX_BOXES + 1, 2 * MAX_BOXES + 1))
