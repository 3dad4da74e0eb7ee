"""When a frame was captured, whatever the client's clock says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.tracking.timeline import MIN_GAP_S, Timeline

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("captured", "gap_s"),
    [
        ([1000, 1033], 0.033),
        ([None, None], 0.5),
        ([None, 1033], 0.5),
        ([1000, None], 0.5),
        ([1000, 1000], 0.5),
        ([1000, 900], 0.5),
        ([1000, 1000 + 9_999], 9.999),
        ([1000, 1000 + 10_001], 0.5),
        ([-1e308, 1e308], 0.5),
    ],
    ids=[
        *("its clock", "none", "none before", "none now", "stands still", "runs backwards"),
        *("a long gap", "was set", "infinitely far"),
    ],
)
def test_gaps(captured: list[float | None], gap_s: float) -> None:
    timeline = Timeline()
    first, second = timeline.at(captured[0], 20.0), timeline.at(captured[1], 20.5)
    assert second - first == pytest.approx(gap_s)


def test_two_frames_that_arrive_together_are_a_little_apart() -> None:
    timeline = Timeline()
    assert timeline.at(None, 20.0) + MIN_GAP_S == timeline.at(None, 20.0)


@given(st.lists(st.tuples(NUMBERS, st.floats(0, 5)), min_size=2, max_size=20))
def test_time_never_stands_still(frames: list[tuple[float | None, float]]) -> None:
    timeline, received, before = Timeline(), 0.0, -1.0
    for captured, gap in frames:
        received += gap
        now = timeline.at(captured, received)
        assert before < now < float("inf")
        before = now
