"""The charts of a report, each with one sentence that says how to read it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from loadtest.cameras import chart
from loadtest.cameras.chart import Axis, Series
from loadtest.cameras.recording import RESULT
from loadtest.cameras.report import Report
from loadtest.cameras.servers import Sample, Server
from loadtest.cameras.summary import Slice
from loadtest.measure import percentile

_COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8")
_LOSSES = _COLOURS[1:]
"""Colours of what is not a result."""
_PERCENTS = (50, 90, 99, 99.9, 99.99, 99.999)


@dataclass(frozen=True)
class Chart:
    """A chart as HTML, its title, and how to read it."""

    title: str
    reading: str
    html: str


def of(report: Report) -> Iterator[Chart]:
    """Yield the charts that the report has data for."""
    if report.summary.ages_ms:
        yield _age_over_time(report)
        yield _distribution(report)
    yield _outcomes(report)
    if report.summary.calls:
        yield _batches(report)
    yield from _processes(report)


def _age_over_time(report: Report) -> Chart:
    slices = report.summary.slices
    middle = report.summary.width_s / 2
    lines = {"maximum": 1.0, "p95": 0.95, "median": 0.5}
    series = [
        Series(
            name, colour, [(part.at + middle, percentile(part.ages_ms, share)) for part in slices]
        )
        for (name, share), colour in zip(lines.items(), ("c3", "c2", "c1"), strict=True)
    ]
    highest = chart.linear(report.summary.age_ms(100), " ms")
    return Chart(
        "Age of the results over time",
        "Each point is about the frames captured in that moment, and low and flat is good: a peak "
        "is a stall, a gap a time without results, and a line that climbs means that the servers "
        "cannot keep up.",
        chart.lines(series, _time(report), highest, "Age of the results over time"),
    )


def _distribution(report: Report) -> Chart:
    curve = report.summary.curve()
    # p90, p99, p99.9 ... at equal distances; 100 % at the end.
    end = max(1.0, math.log10(len(report.summary.ages_ms)))
    points = [(min(end, _nines(percent)), ms) for percent, ms in curve]
    ticks = [(_nines(percent) / end, f"{percent:g} %") for percent in _PERCENTS]
    x = Axis([tick for tick in ticks if tick[0] <= 1], end)
    y = chart.linear(curve[-1][1], " ms")
    return Chart(
        "Distribution of the age",
        "The height at 99 % is the age that 99 of 100 results do not exceed: the further to the "
        "right the curve stays low, the rarer are late results.",
        chart.lines([Series("", "c1", points)], x, y, "Distribution of the age"),
    )


def _outcomes(report: Report) -> Chart:
    slices, width = report.summary.slices, report.summary.width_s
    named = [name for name, _ in report.outcomes if name != RESULT]
    others: list[str] = []
    if len(named) > len(_LOSSES):  # no colour stands for two
        named, others = named[: len(_LOSSES) - 1], named[len(_LOSSES) - 1 :]
    groups = [(RESULT, "c1", [RESULT])] if RESULT in report.summary.outcomes else []
    groups += [(name, colour, [name]) for name, colour in zip(named, _LOSSES, strict=False)]
    groups += [(f"{len(others)} others", _LOSSES[-1], others)] if others else []
    series = [
        Series(
            name,
            colour,
            [(part.at, sum(part.outcomes[one] for one in names) / width) for part in slices],
        )
        for name, colour, names in groups
    ]
    highest = max(part.outcomes.total() for part in slices) / width
    return Chart(
        "Outcomes over time",
        "A bar is as high as the frames captured per second, and whatever is not a result is a "
        "frame that got no answer; the table below says why.",
        chart.bars(
            series,
            _time(report),
            chart.linear(highest, "/s"),
            "Outcomes over time",
            width,
            _tips(slices),
        ),
    )


def _tips(slices: Sequence[Slice]) -> Callable[[float], str]:
    texts = {
        part.at: f"{part.at:g} s: "
        + ", ".join(f"{count} {name}" for name, count in part.outcomes.most_common())
        for part in slices
    }
    return texts.__getitem__


def _batches(report: Report) -> Chart:
    calls = report.summary.calls
    total = sum(calls.values())
    points = [(size - 1.0, count / total * 100) for size, count in calls.items()]
    most = max(4, *calls)
    step = math.ceil(most / 12)
    ticks = [((size - 0.55) / most, str(size)) for size in range(1, most + 1, step)]
    x = Axis(ticks, float(most))
    return Chart(
        "Frames per call of the model",
        "A bar at 1 means that frames travelled alone, as they do under a light load; with a heavy "
        "one, the bars should move to the right, because large batches cost less per frame.",
        chart.bars(
            [Series("", "c1", points)],
            x,
            chart.linear(max(height for _, height in points), " %"),
            "Frames per call of the model",
            1.0,
            lambda at: f"{calls[int(at) + 1] / total:.1%} of the calls had {at + 1:g}",
        ),
    )


def _processes(report: Report) -> Iterator[Chart]:
    until = report.since + report.summary.seconds
    seen = [(server, server.within(report.since, until)) for server in report.servers]
    seen = [(server, samples) for server, samples in seen if len(samples) > 3]  # a line of CPU time
    if not seen:
        return
    yield _process_chart(
        report,
        "CPU time of the servers",
        "1 is one core that is busy all the time: a server whose line stays at the number of its "
        "cores is the bottleneck.",
        [(server, _cpu(samples)) for server, samples in seen],
        "",
    )
    yield _process_chart(
        report,
        "Memory of the servers",
        "The resident memory of each process, which should level off: a line that climbs to the "
        "end of a long run is a leak.",
        [
            (server, [(sample.at, sample.memory_mb) for sample in samples])
            for server, samples in seen
        ],
        " MB",
    )


def _process_chart(
    report: Report,
    title: str,
    reading: str,
    data: Sequence[tuple[Server, Sequence[chart.Point]]],
    unit: str,
) -> Chart:
    series = [
        Series(
            f"{server.name} ({server.pid})",
            _COLOURS[number % len(_COLOURS)],
            [(at - report.since, value) for at, value in points],
        )
        for number, (server, points) in enumerate(data)
    ]
    highest = max(value for line in series for _, value in line.points)
    y = chart.linear(highest, unit)
    return Chart(title, reading, chart.lines(series, _time(report), y, title))


def _cpu(samples: Sequence[Sample]) -> list[chart.Point]:
    """Return the cores in use between each sample and the one before the last."""
    return [
        (later.at, (later.cpu_s - earlier.cpu_s) / (later.at - earlier.at))
        for earlier, later in zip(samples, samples[2:], strict=False)
    ]


def _time(report: Report) -> Axis:
    return chart.exact(report.summary.seconds, " s")


def _nines(percent: float) -> float:
    """Return 1 for 90 %, 2 for 99 %, 3 for 99.9 %."""
    return math.inf if percent == 100 else -math.log10(1 - percent / 100)
