"""A report as one HTML page that needs nothing else: it can be mailed, or kept as an artifact."""

from __future__ import annotations

from html import escape
from importlib import resources
from pathlib import Path

from framewire import reports
from loadtest.cameras import charts
from loadtest.cameras.report import Report, usage, verdict


def write(path: Path, report: Report) -> None:
    """Write the page."""
    path.write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """Return the page."""
    return reports.page(
        f"Load test: {report.profile}",
        [
            f"{report.url}, {report.model_name}",
            f"pictures: {report.pictures}",
            report.started,
        ],
        [
            _stopped(report),
            _verdict(report),
            _tiles(report),
            *(
                reports.section(chart.title, chart.reading, chart.html)
                for chart in charts.of(report)
            ),
            _outcome_table(report),
            _process_table(report),
        ],
        resources.files("loadtest.cameras").joinpath("page.css").read_text(encoding="utf-8"),
    )


def _stopped(report: Report) -> str:
    if not report.stopped:
        return ""
    return f'<p class="verdict bad">This load was stopped {report.stopped}.</p>'


def _verdict(report: Report) -> str:
    if report.warning:
        return f'<p class="verdict bad">{escape(report.warning)}</p>'
    if not report.measures:
        why = report.unanswered
        return f'<p class="verdict bad">{why[0].upper()}{escape(why[1:])}.</p>' if why else ""
    items = "".join(
        f'<li class="{"good" if measure.held else "bad"}">{escape(verdict(measure))}</li>'
        for measure in report.measures
    )
    state, word = ("good", "met") if report.met else ("bad", "missed")
    return f'<div class="verdict {state}"><p>Objective {word}</p><ul>{items}</ul></div>'


def _tiles(report: Report) -> str:
    summary = report.summary
    answered = f"{summary.answered:.2%}" if summary.captured else "–"
    figures = {"answered": answered, "results/s": f"{summary.frames_per_s:.1f}"}
    if summary.ages_ms:
        percents = {"median age": 50, "p95": 95, "p99": 99, "oldest": 100}
        figures |= {name: _ms(summary.age_ms(at)) for name, at in percents.items()}
    return reports.tiles(figures)


def _outcome_table(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td class=n>{count}</td>"
        f"<td class=n>{count / report.summary.captured:.2%}</td>"
        f"<td>{escape(report.meaning(name))}</td></tr>"
        for name, count in report.outcomes
    )
    return reports.section(
        "Outcomes",
        "Every captured frame is in one row: age counts from the moment it was due, and frames "
        "that could not be sent count as well.",
        "<table class=outcomes>"
        "<thead><tr><th>outcome<th class=n>frames<th class=n>share<th>meaning</tr></thead>"
        f"<tbody>{rows}</tbody></table>{_second(report)}{_failures(report)}",
    )


def _second(report: Report) -> str:
    text = report.second_model
    return f"<h3>Second model</h3><p>{escape(text)}</p>" if text else ""


def _failures(report: Report) -> str:
    items = "".join(
        f"<li>{count} × {escape(reason)}</li>" for reason, count in report.failures.items()
    )
    return f"<h3>Session failures</h3><ul>{items}</ul>" if items else ""


def _process_table(report: Report) -> str:
    until = report.since + report.summary.seconds
    rows = []
    for server in report.servers:
        used = usage(server, report.since, until)
        if used is not None:
            name = escape(f"{server.name} ({server.pid})")
            rows.append(
                f"<tr><td>{name}</td><td class=n>{used[0]:.2f}</td>"
                f"<td class=n>{used[1]:.0f} MB</td><td></td></tr>"
            )
    for number, effort in enumerate(report.efforts, 1):
        rows.append(
            f"<tr><td>load generator, process {number}</td><td class=n>{effort.cpu:.2f}</td>"
            f"<td></td><td class=n>{_ms(effort.lag_ms)}</td></tr>"
        )
    return reports.section(
        "Processes",
        "If the load generator is near one core, or its event loop is late, the figures say more "
        "about it than about the servers.",
        "<table><thead><tr><th>process<th class=n>cores<th class=n>memory, at most"
        "<th class=n>event loop late by (p99)</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>",
    )


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
