"""Which frames a call for the shadow may have delayed."""

from __future__ import annotations

from loadtest.paced import Seen
from tests.releases.cost import met


def frames(*times: tuple[float, float]) -> list[Seen]:
    return [Seen(sent, answered, "result", 1) for sent, answered in times]


def test_frames_on_their_way_during_a_call_meet_it() -> None:
    seen = frames((0.0, 1.0), (1.5, 2.5), (2.6, 3.4), (4.0, 5.0), (6.0, 9.0))
    assert met(seen, [(2.0, 3.0), (7.0, 8.0)]) == [False, True, True, False, True]


def test_frames_that_waited_for_one_that_met_a_call_meet_it_too() -> None:
    seen = frames((1.0, 5.0), (4.0, 6.0), (5.5, 7.0))
    assert met(seen, [(0.5, 2.0)]) == [True, True, False]


def test_without_a_call_no_frame_meets_one() -> None:
    assert met(frames((1.0, 2.0)), []) == [False]
