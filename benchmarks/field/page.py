"""The results for readers: tables and charts, written into the documents between markers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from benchmarks.field.chart import Bar, Panel, svg
from benchmarks.field.measurement import Measured
from benchmarks.field.results import Circumstances, Results, Row
from loadtest import markers
from loadtest.stack import ROOT

OURS = "framewire"
MARKER = "field"
# What the chart shows, and the sentence below it.
READMES = {
    "README.md": (
        "Cameras served within the objective, by server",
        "Cameras at 15 frames/s on {cores} cores, with 95 % of the results within 200 ms and 99 % "
        "of the frames answered: the same model and pictures, measured by one command "
        "([docs/benchmarks.md](docs/benchmarks.md)).",
    ),
    "README.zh-CN.md": (
        "各服务器在延迟目标内能服务的摄像头路数",
        "{cores} 个 CPU 核心能服务多少路 15 帧/秒的摄像头（95% 的结果不超过 200 毫秒，"
        "99% 的帧有结果）：同一模型、同一组画面，一条命令即可复测"
        "（[docs/benchmarks.md](docs/benchmarks.md)）。",
    ),
}
Figure = Callable[[Measured], float]


def publish(results: Results, raw: str) -> list[str]:
    """Write the JSON, the charts and the pages. Returns the names of the files."""
    files = {
        "docs/benchmarks.json": raw,
        "docs/benchmarks.svg": svg(list(panels(results)), 2, "All figures of the comparison"),
        "docs/cameras.svg": svg([_cameras(results)], 1, "Cameras within the objective"),
        "docs/benchmarks.md": _with("docs/benchmarks.md", report(results)),
    }
    for name, (alternative, text) in READMES.items():
        sentence = text.format(cores=results.circumstances.cores)
        files[name] = _with(name, f"\n![{alternative}](docs/cameras.svg)\n\n{sentence}\n")
    for name, content in files.items():
        (ROOT / name).write_text(content, encoding="utf-8")
    return list(files)


def _with(name: str, text: str) -> str:
    return markers.replaced((ROOT / name).read_text(encoding="utf-8"), MARKER, text)


def report(results: Results) -> str:
    """Return the tables as Markdown."""
    return "\n".join(
        [
            "",
            "![Charts of all figures](benchmarks.svg)",
            "",
            *_table(results.rows),
            "",
            *_failures(results.rows),
            *_comparison(results.rows),
            "",
            "Direct Predict calls to the same model server:",
            "",
            *_direct(results),
            "",
            _circumstances(results.circumstances),
            "",
        ]
    )


def _circumstances(one: Circumstances) -> str:
    return (
        f"{one.date}, `{one.command}`, {one.took_s / 60:.0f} minutes: {one.cores} cores "
        f"({one.processor}), load average before it {one.load_average:.1f}, CPython {one.python}, "
        f"TensorFlow {one.tensorflow}, {one.pictures}. All figures: "
        "[benchmarks.json](benchmarks.json)."
    )


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "| server | cameras within 200 ms | peak, frames/s | one camera, p50 | CPU time per frame "
        "| at 3x: answered / peak | at 3x: p99 age | memory (PSS) |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        if row.measured is not None:
            yield f"| {row.name} {row.version} | {' | '.join(_cells(row.measured))} |"


def _cells(measured: Measured) -> list[str]:
    return [
        str(measured.cameras),
        f"{measured.peak_per_s:.0f}",
        f"{measured.lone_p50_ms:.1f} ms",
        f"{measured.cpu_ms:.2f} ms",
        f"{measured.overload_of_peak:.2f}",
        _ms(measured.overload_p99_ms),
        f"{measured.pss_mb:.0f} MB",
    ]


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if math.isfinite(value) else "nothing answered"


def _failures(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.measured is None:
            yield f"{row.name} {row.version} was not measured: {row.failure}"
            yield ""


def _comparison(rows: Sequence[Row]) -> Iterator[str]:
    """Yield how Framewire compares with the best of the others, and which are better at what."""
    measured = {row.key: (row.name, row.measured) for row in rows if row.measured is not None}
    if OURS not in measured or len(measured) < 2:
        return
    _, ours = measured.pop(OURS)
    name, best = max(measured.values(), key=lambda pair: pair[1].cameras)
    if best.cameras:
        ratio = ours.cameras / best.cameras
        yield f"- Framewire serves {ratio:.2f} times the cameras of the best other one, {name}."
    for title, figure, more in _FIGURES:
        better = [n for n, one in measured.values() if _beats(figure(one), figure(ours), more)]
        if better:
            yield f"- Better than Framewire by {title}: {', '.join(better)}."


def _beats(theirs: float, ours: float, more: bool) -> bool:
    return theirs > ours if more else theirs < ours


_FIGURES: Sequence[tuple[str, Figure, bool]] = (
    ("cameras within the objective", lambda one: one.cameras, True),
    ("peak", lambda one: one.peak_per_s, True),
    ("age with one camera", lambda one: one.lone_p50_ms, False),
    ("CPU time per frame", lambda one: one.cpu_ms, False),
    ("share of the peak at 3x", lambda one: one.overload_of_peak, True),
    ("age at 3x", lambda one: one.overload_p99_ms, False),
    ("memory", lambda one: one.pss_mb, False),
)


def _direct(results: Results) -> Iterator[str]:
    yield "| frames per call | calls at a time | frames/s | a call, median |"
    yield "|---|---|---|---|"
    for one in results.direct:
        yield f"| {one.batch} | {one.calls} | {one.frames_per_s:.0f} | {one.median_ms:.1f} ms |"


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
        lambda one: one.peak_per_s,
    ),
    ("One camera", "p50 age of results; less is better", "{:.1f} ms", lambda one: one.lone_p50_ms),
    (
        "CPU time per frame",
        "all processes, at the peak; less is better",
        "{:.2f} ms",
        lambda one: one.cpu_ms,
    ),
    (
        "At three times as many cameras",
        "p99 age of results; less is better",
        "{:,.0f} ms",
        lambda one: one.overload_p99_ms,
    ),
    ("Memory", "PSS of all processes; less is better", "{:,.0f} MB", lambda one: one.pss_mb),
)


def _cameras(results: Results) -> Panel:
    note = "15 frames/s each, p95 age within 200 ms, 99 % answered"
    return _panel(results.rows, "Cameras served", note, "{:.0f}", lambda one: one.cameras)


def _panel(rows: Sequence[Row], title: str, note: str, text: str, figure: Figure) -> Panel:
    return Panel(title, note, [_bar(row, text, figure) for row in rows if row.measured])


def _bar(row: Row, text: str, figure: Figure) -> Bar:
    assert row.measured is not None
    value = figure(row.measured)
    label = text.format(value) if math.isfinite(value) else "nothing answered"
    return Bar(row.name, value, label, row.key == OURS)
