"""What became of one session's frames, second by second."""

from __future__ import annotations

from server.core.activity import MINUTE_S, Activity, Rates
from server.core.answers import Detections
from server.core.messages import Dropped, Error, Pong, Result, Timing


def result(age_ms: float) -> Result:
    return Result(1, 1, 1, Timing(0.0, age_ms, age_ms), Detections([], [], []))


def test_outcomes_count_in_their_second() -> None:
    activity = Activity()
    for age_ms, now in ((10.0, 5.0), (30.0, 5.9), (50.0, 6.0)):
        activity.count(result(age_ms), now)
    activity.count(Dropped(2, "superseded"), 6.5)
    activity.count(Error("bad_frame", "", False, 3), 6.6)
    activity.count(Error("unauthorized", "", False), 6.7)  # of the session, not of a frame
    activity.count(Pong(1), 6.8)
    five, six = activity.minute(7.0)
    assert (five.at, five.results, five.age_ms, five.oldest_ms) == (5, 2, 40.0, 30.0)
    assert (six.results, six.dropped, six.errors, six.oldest_ms) == (1, 1, 1, 50.0)
    assert activity.losses == {("dropped", "superseded"): 1, ("error", "bad_frame"): 1}
    assert activity.results == 3


def test_rates_are_those_of_whole_seconds() -> None:
    activity = Activity()
    assert activity.rates(9.0, 5) == Rates(0.0, 0.0, None, None)
    for now in (3.9, 4.0, 8.0, 8.5, 9.1):
        activity.count(result(10 * now), now)
    activity.count(Dropped(2, "expired"), 8.6)
    assert activity.rates(9.2, 5) == Rates(0.6, 0.2, (40 + 80 + 85) / 3, 85.0)


def test_a_minute_is_kept() -> None:
    activity = Activity()
    for second in range(200):
        activity.count(result(1.0), float(second))
    assert [second.at for second in activity.minute(199.5)] == list(range(199 - MINUTE_S, 199))
    assert activity.minute(1000.0) == []
