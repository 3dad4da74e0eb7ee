"""Whatever the boxes: an id belongs to one box of a frame, and is never given out again."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from server.core.answers import Detections, Tracks
from server.core.tracking.options import TrackingOptions
from server.core.tracking.tracker import Tracker

EDGE = st.floats(0, 1)
BOX = st.tuples(EDGE, EDGE, EDGE, EDGE).map(
    lambda e: [min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]), max(e[1], e[3])]
)
# Few places, so that tracks meet, are lost, and come back.
SPOT = st.tuples(st.sampled_from([0.2, 0.25, 0.6]), st.sampled_from([0.3, 0.32])).map(
    lambda p: [p[0], p[1], p[0] + 0.1, p[1] + 0.1]
)
ENTRY = st.tuples(st.floats(0, 1), SPOT | BOX, st.integers(0, 2))
FRAME = st.tuples(st.floats(0.001, 1.0), st.lists(ENTRY, max_size=8))
FRAMES = st.lists(FRAME, max_size=12)
OPTIONS = st.builds(
    TrackingOptions,
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 200),
    st.integers(0, 1500),
)
Frames = list[tuple[float, list[tuple[float, list[float], int]]]]


def run(options: TrackingOptions, frames: Frames) -> list[tuple[float, Detections, Tracks]]:
    tracker, now, results = Tracker(options, itertools.count(1)), 0.0, []
    for gap, entries in frames:
        now += gap
        ordered = sorted(entries, key=lambda entry: -entry[0])
        scores, boxes, kinds = ([e[i] for e in ordered] for i in range(3))
        answer = Detections(boxes, scores, kinds)  # type: ignore[arg-type]
        results.append((now, answer, tracker.update(answer, now)))
    return results


@given(OPTIONS, FRAMES)
def test_there_is_an_entry_for_each_box(options: TrackingOptions, frames: Frames) -> None:
    for _, answer, tracks in run(options, frames):
        assert len(tracks.ids) == len(tracks.velocities) == len(answer.boxes)
        for number, edges in zip(tracks.ids, tracks.velocities, strict=True):
            assert (number is None) == (edges is None)
            assert edges is None or len(edges) == 4


@given(OPTIONS, FRAMES)
def test_ids_are_unique_and_new_ones_count_up(options: TrackingOptions, frames: Frames) -> None:
    highest, last_seen = 0, {}
    for now, _, tracks in run(options, frames):
        ids = [number for number in tracks.ids if number is not None]
        assert len(set(ids)) == len(ids)
        fresh = sorted(number for number in ids if number not in last_seen)
        assert all(number > highest for number in fresh)
        highest = max([highest, *fresh])
        for number in ids:
            assert now - last_seen.get(number, now) <= 2 * options.lost_ms / 1000 + 1e-6
            last_seen[number] = now


@given(OPTIONS, FRAMES)
def test_the_same_boxes_get_the_same_ids(options: TrackingOptions, frames: Frames) -> None:
    assert run(options, frames) == run(options, frames)


@given(OPTIONS, FRAMES)
def test_no_track_begins_with_a_weak_box(options: TrackingOptions, frames: Frames) -> None:
    known: set[int] = set()
    for _, answer, tracks in run(options, frames):
        for number, score in zip(tracks.ids, answer.scores, strict=True):
            if number is not None:
                assert score >= min(options.start_score, options.keep_score)
                known.add(number)
