"""The charts of a report: their labels, and what they show where there is nothing to show."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.cameras import chart, charts, files, hgrm, page
from loadtest.cameras.effort import Effort
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import Recording
from loadtest.cameras.report import Pictures, Report
from loadtest.cameras.source import Picture
from loadtest.cameras.summary import summarize
from loadtest.cameras.text import text
from loadtest.measure import Measure, percentile

PROFILE = Profile(1, 2.0, 10.0, ramp_s=0.0, warm_up_s=0.0)


def report(
    answered: int, measures: tuple[Measure, ...] = (), bottleneck: str | None = None
) -> Report:
    """A report on 20 frames, of which the last ones were answered."""
    recording = Recording()
    for number in range(20):
        row = recording.capture(0, number / 2)
        if number >= 20 - answered:
            recording.settle(row, "result", number / 2 + 0.05)
            recording.answer(row, 1, 1.0, 2.0)
        else:
            recording.settle(row, "error <bad_frame>", number / 2 + 0.01)
    model = {"name": "<digits>", "version": 1}
    summary = summarize(recording, 0.0, 10.0)
    effort = [Effort(0.1, 1.0, 2.0)]
    return Report(
        "ws://x", model, PROFILE, "now", 0.0, summary, {}, effort, [], measures, bottleneck
    )


@pytest.mark.parametrize("largest", [0.0, 0.003, 0.9, 7.0, 99.0, 100.0, 101.0, 123456.0])
def test_an_axis_ends_at_a_round_number_near_the_data(largest: float) -> None:
    axis = chart.linear(largest)
    assert axis.maximum >= largest
    assert 2 <= len(axis.ticks) <= 6
    assert axis.ticks[0][0] == 0.0
    assert axis.ticks[-1][0] == 1.0
    assert not largest or axis.maximum <= largest * 2.5


def test_a_line_has_a_gap_where_nothing_was_measured() -> None:
    x, y = chart.linear(4), chart.linear(4)
    points = [(0.0, 1.0), (1.0, 1.0), (2.0, math.nan), (3.0, 2.0)]
    drawn = chart.lines([chart.Series("age", "c1", points)], x, y, "Age")
    assert len(re.findall("<polyline", drawn)) == 2
    assert "nan" not in drawn


@pytest.mark.parametrize("answered", [0, 1, 20])
def test_a_page_with_few_results_or_none(answered: int) -> None:
    shown = page.page(report(answered))
    assert "nan" not in shown
    assert ("No frame was answered." in shown) == (not answered)
    assert f"{answered / 20:.2%}" in shown


def test_a_report_without_frames() -> None:
    """Frames can be so rare, or Ctrl-C so early, that none was captured."""
    late = Measure("p95_ms", math.nan, 20.0, "ms")
    empty = replace(report(0, (late,)), summary=summarize(Recording(), 0.0, 10.0))
    for shown in (text(empty), page.page(empty)):
        assert "nan" not in shown
        assert "p95_ms not measured, at most 20 ms: missed" in shown
    assert "no frame was captured within 10 s" in text(empty)
    assert "No frame was captured within 10 s" in page.page(replace(empty, measures=()))
    assert files.fields(empty)["answered"] is None
    assert empty.status == 1


@pytest.mark.parametrize("count", [1, 7, 8, 30])
def test_no_colour_stands_for_two_outcomes(count: int) -> None:
    recording = Recording()
    for number in range(count):
        for copy in range(count - number):  # the first one is the most frequent
            recording.settle(recording.capture(0, copy / 10), f"error number_{number}")
    lost = replace(report(5), summary=summarize(recording, 0.0, 10.0))
    [outcomes] = [one for one in charts.of(lost) if one.title == "Outcomes over time"]
    colours = re.findall('<i class="(c[0-9])"></i>', outcomes.html)
    assert len(colours) == len(set(colours)) == min(count, 7)
    assert (f"{count - 6} others" in outcomes.html) == (count > 7)
    assert outcomes.html.count("<rect") >= 1


def test_names_from_outside_are_text() -> None:
    shown = page.page(report(5))
    assert "&lt;digits&gt;" in shown
    assert "error &lt;bad_frame&gt;" in shown
    assert "<bad_frame>" not in shown


def test_what_the_gateway_said_explains_an_error() -> None:
    said = replace(
        report(5), messages={"error <bad_frame>": "broken <jpeg>:\n a marker is missing"}
    )
    assert "such as: broken &lt;jpeg&gt;: a marker is missing" in page.page(said)
    assert "such as: broken <jpeg>: a marker is missing" in text(said)
    assert files.fields(said)["messages"] == said.messages
    endless = replace(report(5), messages={"error <bad_frame>": "x" * 10**6})
    assert len(text(endless)) < 2000


@pytest.mark.parametrize(
    ("sizes", "words"),
    [([41_250], "1 of 41.2 KB"), ([2_000_000, 1_000_000], "2 in turn, 1.5 MB on average")],
)
def test_a_report_says_what_was_sent(sizes: list[int], words: str) -> None:
    pictures = Pictures.of([Picture("jpeg", bytes(size)) for size in sizes])
    sent = replace(report(5), pictures=pictures)
    assert f"pictures          {words}" in text(sent)
    assert f"pictures: {words}" in page.page(sent)
    assert files.fields(sent)["pictures"]["count"] == len(sizes)


def test_a_second_model_that_does_not_exist_shows() -> None:
    misspelt = replace(report(5), boxes={"unknown_model": 170, "answered": 3})
    words = "3 boxes answered, missing: 170 unknown_model"
    assert f"second model      {words}" in text(misspelt)
    assert words in page.page(misspelt)
    assert files.fields(misspelt)["second_model"]["unknown_model"] == 170
    assert "second model" not in text(report(5))


def test_the_verdict_comes_first_and_sets_the_status() -> None:
    met, missed = Measure("answered", 1.0, 0.9, at_least=True), Measure("p95_ms", 50.0, 20.0, "ms")
    assert report(20, (met,)).status == 0
    assert report(20, (met, missed)).status == 1
    assert report(0).status == 1
    assert report(20, (met,), "its event loop was late").status == 3
    assert "p95_ms 50 ms, at most 20 ms: missed" in page.page(report(20, (met, missed)))
    assert "do not count" in page.page(report(20, (met,), "its event loop was late"))


@pytest.mark.parametrize("count", [1, 2, 3, 20, 100, 1000])
@pytest.mark.parametrize("percent", [0, 50, 95, 99, 99.9, 100])
def test_a_percentile_is_the_least_value_that_as_many_do_not_exceed(
    count: int, percent: float
) -> None:
    value = percentile(list(range(count)), percent / 100)
    assert (value + 1) / count >= percent / 100 - 1e-12
    assert value == 0 or value / count < percent / 100


def test_percentiles_are_those_of_the_distribution_for_plotters(tmp_path: Path) -> None:
    ages_ms = [float(number) for number in range(1, 101)]
    hgrm.write(tmp_path / "ages.hgrm", ages_ms)
    rows = [line.split() for line in (tmp_path / "ages.hgrm").read_text().splitlines()[2:]]
    shown = {float(row[1]): float(row[0]) for row in rows if not row[0].startswith("#")}
    for share in (0.5, 0.75, 0.9375, 1.0):
        assert percentile(ages_ms, share) == shown[share]


@pytest.mark.parametrize(
    ("measured", "bound", "at_least", "shown"),
    [
        (0.9896, 0.99, True, "0.9896"),
        (0.99, 0.99, True, "0.99"),
        (0.999999999999, 1.0, True, "1"),
        (200.3, 200.0, False, "200.3"),
        (1234.4, 1200.0, False, "1,234"),
        (28.81, 200.0, False, "28.8"),
        (math.nan, 1.0, False, "not measured"),
    ],
)
def test_a_figure_that_misses_its_bound_does_not_look_like_it(
    measured: float, bound: float, at_least: bool, shown: str
) -> None:
    assert Measure("x", measured, bound, at_least=at_least).figure == shown
