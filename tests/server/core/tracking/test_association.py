"""Boxes and tracks that lie close together: each way in which pairs are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.core.tracking.association import LARGEST_GROUP, MOST_GROUPED, MOST_PAIRS, pair
from server.core.tracking.likelihood import Candidate, Target
from server.core.tracking.motion import Prediction, begin
from server.core.tracking.track import Track

SIZE = 0.1


def boxes(xs: Sequence[float]) -> list[Candidate]:
    return [(x, 1.0, SIZE, SIZE, 1, number) for number, x in enumerate(sorted(xs))]


def tracks(xs: Sequence[float]) -> list[Target]:
    spread = begin(0.0)
    track, prediction = Track(1, 1, spread), Prediction(spread, 0.03)
    return [Target((x, 1.0, SIZE, SIZE, 0.0, 0.0, 0.0, 0.0), track, prediction) for x in xs]


def paired(of_boxes: Sequence[float], of_tracks: Sequence[float]) -> list[tuple[int, int]]:
    return sorted((box, track) for _, box, track in pair(boxes(of_boxes), tracks(of_tracks)))


def test_one_pair() -> None:
    assert paired([0.5], [0.5]) == [(0, 0)]


def test_each_box_has_a_track_of_its_own() -> None:
    assert paired([0.5, 0.51], [0.51, 0.5]) == [(0, 1), (1, 0)]


def test_two_boxes_want_one_track() -> None:
    """Far away, a box wants a track that no other one does."""
    assert paired([0.5, 0.505, 1.5], [0.5, 0.53, 1.5]) == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("count", [LARGEST_GROUP + 1, int(MOST_GROUPED**0.5) + 1])
def test_many_boxes_want_one_track(count: int) -> None:
    """The nearest one gets it; the others share the rest."""
    places = [0.5 + number * 1e-4 for number in range(count)]
    pairs = paired(places, [0.4999, *places[2:], 0.5])
    assert (0, count - 1) in pairs
    assert len({box for box, _ in pairs}) == len({track for _, track in pairs}) == count


def test_a_heap() -> None:
    count = int(MOST_PAIRS**0.5) + 1
    assert paired([0.5] * count, [0.5] * count) == [(number, number) for number in range(count)]
