"""The results for readers: tables and charts, written into the documents between markers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from benchmarks.field.chart import Bar, Panel, svg
from benchmarks.field.measurement import Measured
from benchmarks.field.results import Circumstances, Results, Row
from benchmarks.field.words import CHINESE, ENGLISH, Words
from loadtest import markers
from loadtest.stack import ROOT

OURS = "framewire"
MARKER = "field"
LANGUAGES = {".md": ENGLISH, ".zh-CN.md": CHINESE}
"""By the suffix of the pages."""
Figure = Callable[[Measured], float]


def publish(results: Results, raw: str) -> list[str]:
    """Write the JSON, the charts and the pages. Returns the names of the files."""
    files = {
        "docs/benchmarks.json": raw,
        "docs/benchmarks.svg": svg(list(panels(results)), 2, "All figures of the comparison"),
        "docs/cameras.svg": svg([_cameras(results)], 1, "Cameras within the objective"),
    }
    for suffix, words in LANGUAGES.items():
        name = f"docs/benchmarks{suffix}"
        files[name] = _with(name, report(results, words))
        name = f"README{suffix}"
        files[name] = _with(name, _summary(results, words))
    for name, content in files.items():
        (ROOT / name).write_text(content, encoding="utf-8")
    return list(files)


def _with(name: str, text: str) -> str:
    return markers.replaced((ROOT / name).read_text(encoding="utf-8"), MARKER, text)


def _summary(results: Results, words: Words) -> str:
    """Return a README's chart, with the sentence below it."""
    sentence = words.served.format(cores=results.circumstances.cores, link=words.link)
    return f"\n![{words.cameras}](docs/cameras.svg)\n\n{sentence}\n"


def report(results: Results, words: Words = ENGLISH) -> str:
    """Return the tables as Markdown."""
    return "\n".join(
        [
            "",
            f"![{words.charts}](benchmarks.svg)",
            "",
            *_table(results.rows, words),
            "",
            *_failures(results.rows, words),
            *_comparison(results.rows, words),
            "",
            words.direct,
            "",
            *_direct(results, words),
            "",
            _circumstances(results.circumstances, words),
            "",
        ]
    )


def _circumstances(run: Circumstances, words: Words) -> str:
    return words.circumstances.format(run=run, minutes=run.took_s / 60)


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"
    yield "|" + "---|" * len(cells)


def _table(rows: Sequence[Row], words: Words) -> Iterator[str]:
    yield from _head(words.head)
    for row in rows:
        if row.measured is not None:
            cells = _cells(row.measured, words.nothing)
            yield f"| {row.name} {row.version} | {' | '.join(cells)} |"


def _cells(measured: Measured, nothing: str) -> list[str]:
    late = measured.overload_p99_ms
    return [
        str(measured.cameras),
        f"{measured.peak_per_s:.0f}",
        f"{measured.lone_p50_ms:.1f} ms",
        f"{measured.cpu_ms:.2f} ms",
        f"{measured.overload_of_peak:.2f}",
        f"{late:,.0f} ms" if math.isfinite(late) else nothing,
        f"{measured.pss_mb:.0f} MB",
    ]


def _failures(rows: Sequence[Row], words: Words) -> Iterator[str]:
    for row in rows:
        if row.measured is None:
            yield words.unmeasured.format(server=f"{row.name} {row.version}", failure=row.failure)
            yield ""


def _comparison(rows: Sequence[Row], words: Words) -> Iterator[str]:
    """Yield how Framewire compares with the best of the others, and which are better at what."""
    measured = {row.key: (row.name, row.measured) for row in rows if row.measured is not None}
    if OURS not in measured or len(measured) < 2:
        return
    _, ours = measured.pop(OURS)
    name, best = max(measured.values(), key=lambda pair: pair[1].cameras)
    if best.cameras:
        yield words.ratio.format(ratio=ours.cameras / best.cameras, name=name)
    for title, (figure, more) in zip(words.figures, _FIGURES, strict=True):
        better = [n for n, other in measured.values() if _beats(figure(other), figure(ours), more)]
        if better:
            yield words.better.format(figure=title, names=words.comma.join(better))


def _beats(theirs: float, ours: float, more: bool) -> bool:
    return theirs > ours if more else theirs < ours


# What is compared, and whether more is better: words.figures are the titles.
_FIGURES: Sequence[tuple[Figure, bool]] = (
    (lambda server: server.cameras, True),
    (lambda server: server.peak_per_s, True),
    (lambda server: server.lone_p50_ms, False),
    (lambda server: server.cpu_ms, False),
    (lambda server: server.overload_of_peak, True),
    (lambda server: server.overload_p99_ms, False),
    (lambda server: server.pss_mb, False),
)


def _direct(results: Results, words: Words) -> Iterator[str]:
    yield from _head(words.direct_head)
    for row in results.direct:
        yield f"| {row.batch} | {row.calls} | {row.frames_per_s:.0f} | {row.median_ms:.1f} ms |"


def panels(results: Results) -> Iterator[Panel]:
    """Yield a chart for each figure."""
    yield _cameras(results)
    for title, note, text, figure in _PANELS:
        yield _panel(results.rows, title, note, text, figure)


_PANELS: Sequence[tuple[str, str, str, Figure]] = (
    (
        "Peak",
        "frames/s, 64 cameras in a closed loop; more is better",
        "{:.0f}",
        lambda server: server.peak_per_s,
    ),
    (
        "One camera",
        "p50 age of results; less is better",
        "{:.1f} ms",
        lambda server: server.lone_p50_ms,
    ),
    (
        "CPU time per frame",
        "all processes, at the peak; less is better",
        "{:.2f} ms",
        lambda server: server.cpu_ms,
    ),
    (
        "At three times as many cameras",
        "p99 age of results; less is better",
        "{:,.0f} ms",
        lambda server: server.overload_p99_ms,
    ),
    ("Memory", "PSS of all processes; less is better", "{:,.0f} MB", lambda server: server.pss_mb),
)


def _cameras(results: Results) -> Panel:
    note = "15 frames/s each, p95 age within 200 ms, 99 % answered"
    return _panel(results.rows, "Cameras served", note, "{:.0f}", lambda server: server.cameras)


def _panel(rows: Sequence[Row], title: str, note: str, text: str, figure: Figure) -> Panel:
    return Panel(title, note, [_bar(row, text, figure) for row in rows if row.measured])


def _bar(row: Row, text: str, figure: Figure) -> Bar:
    assert row.measured is not None
    value = figure(row.measured)
    label = text.format(value) if math.isfinite(value) else ENGLISH.nothing
    return Bar(row.name, value, label, row.key == OURS)
