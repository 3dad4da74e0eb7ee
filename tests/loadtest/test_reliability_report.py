"""Bounds, fair shares, fuzzed messages, and the tables of docs/reliability.md."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from loadtest.measure import Measure
from loadtest.reliability import SCENARIOS, report
from loadtest.reliability.fairness import fair_shares
from loadtest.reliability.fuzzed_messages import Encoding, Fuzzer
from loadtest.reliability.result import Result


@pytest.mark.parametrize(
    ("measure", "held"),
    [
        (Measure("age", 500.0, 500.0, "ms"), True),
        (Measure("age", 500.1, 500.0, "ms"), False),
        (Measure("answered", 0.95, 0.95, at_least=True), True),
        (Measure("answered", 0.94, 0.95, at_least=True), False),
        (Measure("answered", math.nan, 0.95, at_least=True), False),
        (Measure("age", math.nan, 500.0), False),
        (Measure("normal again after", math.inf, 5.0), False),
    ],
)
def test_a_bound_is_kept_or_not(measure: Measure, held: bool) -> None:
    assert measure.held == held
    assert Result("any", [measure]).held == held


def test_a_looser_bound_allows_more_on_its_side() -> None:
    assert Measure("age", 700.0, 500.0).loosened(1.5).held
    assert Measure("answered", 0.7, 0.95, at_least=True).loosened(1.5).held
    assert not Measure("crashes", 1, 0).loosened(10).held


@pytest.mark.parametrize(
    ("demands", "capacity", "shares"),
    [
        ([5.0, 5.0, 60.0], 100.0, [5.0, 5.0, 60.0]),
        ([60.0, 5.0, 5.0], 40.0, [30.0, 5.0, 5.0]),
        ([5.0, 5.0, 60.0], 9.0, [3.0, 3.0, 3.0]),
        ([2.0, 5.0, 60.0], 9.0, [2.0, 3.5, 3.5]),
    ],
)
def test_fair_shares(demands: list[float], capacity: float, shares: list[float]) -> None:
    assert fair_shares(demands, capacity) == shares


@pytest.mark.parametrize("name", ["msgpack", "json"])
def test_fuzzed_messages_can_be_repeated_and_half_of_them_are_frames(name: str) -> None:
    one, same = (Fuzzer(random.Random(1), Encoding(name)) for _ in range(2))
    messages = [one.next() for _ in range(500)]
    awaited = [message.frame_id for message in messages if message.frame_id is not None]
    assert len(awaited) > 200
    assert awaited == sorted(set(awaited))
    assert [same.next().frame_id for _ in range(500)] == [each.frame_id for each in messages]


@pytest.mark.parametrize("path", report.PAGES, ids=lambda path: path.name)
def test_the_page_has_a_table_for_every_scenario(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    for name in SCENARIOS:
        result = Result(name, [Measure("an age", 1.0, 2.0, "ms")], ["a note"])
        written = report.with_table(page, result, 3.0)
        assert "| an age | 1 ms | ≤ 2 ms | yes |" in written
        assert report.with_table(written, result, 3.0) == written
        # Nothing else of the page changes.
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        assert written.partition(begin)[0] == page.partition(begin)[0]
        assert written.partition(end)[2] == page.partition(end)[2]


def test_a_scenario_that_fails_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not report.run(tmp_path, ["missing_module", "another"], quick=True)
    failed = [record.getMessage() for record in caplog.records]
    assert failed == ["scenario missing_module failed", "scenario another failed"]


def test_a_page_without_the_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="begin soak"):
        report.with_table("# A page", Result("soak", []), 1.0)
