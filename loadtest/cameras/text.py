"""A report as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from loadtest.cameras.report import Report, usage, verdict

_WIDTH = 18


def text(report: Report) -> str:
    """Return the report, a few lines per subject."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.profile}"
    if report.stopped:
        yield _line("stopped", report.stopped)
    yield _line("gateway", f"{report.url}, {report.model_name}")
    yield _line("pictures", str(report.pictures))
    yield from _ages(report)
    yield from _frames(report)
    yield from _processes(report)
    for measure in report.measures:
        yield _line("objective", verdict(measure))
    if report.warning:
        yield f"\n{report.warning}"


def _ages(report: Report) -> Iterator[str]:
    summary = report.summary
    if report.unanswered:
        yield _line("age of a result", report.unanswered)
        return
    shown = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
    ages = (f"{name} {_ms(summary.age_ms(percent))}" for name, percent in shown.items())
    yield _line("age of a result", ", ".join(ages))
    parts = f"queue {_ms(summary.queue_ms)}, inference {_ms(summary.inference_ms)}"
    yield _line("of which, medians", f"{parts}, elsewhere {_ms(summary.other_ms)}")
    yield _line("frames per call", f"{summary.mean_batch:.1f} on average")


def _frames(report: Report) -> Iterator[str]:
    summary = report.summary
    rate = f"{summary.frames_per_s:.1f} results/s"
    yield _line("frames", f"{summary.captured} captured, {summary.sent} sent, {rate}")
    for outcome, count in report.outcomes:
        share = f"{count / summary.captured:7.2%}"
        yield f"  {outcome:<24} {count:>9}  {share}  {report.meaning(outcome)}"
    if report.second_model:
        yield _line("second model", report.second_model)
    for reason, count in report.failures.items():
        yield _line("session failures", f"{count} x {reason}")


def _processes(report: Report) -> Iterator[str]:
    until = report.since + report.summary.seconds
    for server in report.servers:
        used = usage(server, report.since, until)
        if used is not None:
            figures = f"{used[0]:.2f} cores, {used[1]:.0f} MB (process {server.pid})"
            yield _line(server.name[: _WIDTH - 1], figures)
    effort = max(report.efforts, key=lambda effort: effort.cpu)
    lag_ms = max(effort.lag_ms for effort in report.efforts)
    count = len(report.efforts)
    busiest = (
        f"{count} process{'es' if count > 1 else ''}, the busiest with {effort.cpu:.0%} of a core"
    )
    yield _line("load generator", f"{busiest}; event loop late by {_ms(lag_ms)} (p99)")


def _line(name: str, value: str) -> str:
    return f"{name:<{_WIDTH}}{value}"


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
