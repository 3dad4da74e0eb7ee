"""The ring of samples, with a clock that the tests set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from server.admin.history import MOST_AT_ONCE, SAMPLES, History
from server.runtime.gateway import Gateway
from server.runtime.statistics import Statistics
from server.settings import Settings
from tests.server.puppet import PuppetBackend

IDLE = Gateway(Settings(), PuppetBackend()).statistics()


def snapshot(**changes: Any) -> Statistics:
    """A gateway that has done nothing, but for ``changes``."""
    return replace(IDLE, **changes)


def test_a_sample_is_the_difference_of_two_snapshots() -> None:
    history = History()
    history.add(snapshot(outcomes={("result", ""): 5}), 100.0, 10.0)
    assert history.since(0) == []
    after = {("result", ""): 45, ("dropped", "expired"): 2}
    history.add(snapshot(outcomes=after, sessions=3), 101.0, 11.5)
    [sample] = history.since(0)
    assert sample["outcomes"] == {"result": 40, "dropped expired": 2}
    assert (sample["n"], sample["at"], sample["span_s"], sample["sessions"]) == (0, 101.0, 1.5, 3)


def test_fifteen_minutes_are_kept() -> None:
    history = History()
    for second in range(SAMPLES + 101):
        history.add(snapshot(), float(second), float(second))
    kept: list[int] = []
    while samples := history.since(kept[-1] + 1 if kept else 0):
        assert len(samples) <= MOST_AT_ONCE
        kept += [sample["n"] for sample in samples]
    assert kept == list(range(100, SAMPLES + 100))
    assert [sample["n"] for sample in history.since(SAMPLES + 98)] == [SAMPLES + 98, SAMPLES + 99]
    assert history.since(SAMPLES + 100) == history.since(10**14) == []


def test_while_there_is_no_snapshot_the_last_one_is_not_shown() -> None:
    """As while all workers are being replaced."""
    history = History()
    history.add(snapshot(outcomes={("result", ""): 5}), 100.0, 10.0)
    history.add(None, 101.0, 11.0)
    assert history.newest is None
    assert history.since(0) == []
    history.add(snapshot(outcomes={("result", ""): 9}), 102.0, 12.0)
    assert history.newest is not None
    [sample] = history.since(0)
    assert (sample["outcomes"], sample["span_s"]) == ({"result": 4}, 2.0)


def test_counts_that_fall_are_no_frames() -> None:
    """What a killed worker had counted since it was last asked is lost."""
    history = History()
    history.add(snapshot(outcomes={("result", ""): 45}), 0.0, 0.0)
    history.add(snapshot(outcomes={("result", ""): 40}), 1.0, 1.0)
    assert history.since(0)[0]["outcomes"] == {}
