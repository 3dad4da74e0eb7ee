"""Measures the lines of the table, prints them, and writes them into docs/, in both languages."""

from __future__ import annotations

import importlib
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtest import machine, markers
from loadtest.measure import quantity
from loadtest.speed import GROUPS
from loadtest.speed.line import FULL, QUICK, Length, Line
from loadtest.stack import ROOT

PAGES = tuple(ROOT / "docs" / f"performance{suffix}" for suffix in (".md", ".zh-CN.md"))
MARKER = "speed"


def run(models: Path, names: Sequence[str], quick: bool) -> bool:
    """Measure the groups ``names``, or all of them. Returns whether every target was reached.

    All of them, and not ``quick``, are written into the pages, if they exist.
    """
    where = _circumstances()
    print(where)
    lines = []
    for name in names or GROUPS:
        with tempfile.TemporaryDirectory() as logs:
            for line in _lines(name, models, QUICK if quick else FULL, Path(logs)):
                print(line, flush=True)
                lines.append(line)
    for page in PAGES if not (quick or names) else ():
        if page.exists():
            text = markers.replaced(page.read_text(encoding="utf-8"), MARKER, table(lines, where))
            page.write_text(text, encoding="utf-8")
    return all(line.measure.held for line in lines)


def table(lines: Sequence[Line], where: str) -> str:
    """Return the lines as Markdown."""
    rows = ["", "| what | target | reached | |", "|---|---|---|---|"]
    return "\n".join([*rows, *map(_row, lines), "", where, ""])


def _row(line: Line) -> str:
    measure = line.measure
    relation = "≥" if measure.at_least else "≤"
    target = f"{relation} {quantity(measure.bound, measure.unit)}"
    reached = measure.figure if measure.held else f"**{measure.figure}**"
    return f"| {measure.name} | {target} | {reached} | {line.note} |"


def _lines(name: str, models: Path, length: Length, logs: Path) -> Iterator[Line]:
    module = importlib.import_module(f"loadtest.speed.{name}")
    lines: Iterator[Line] = module.measure(models, length, logs)
    return lines


def _circumstances() -> str:
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores ({machine.processor()}), CPython "
        f"{platform.python_version()}; load average before it {os.getloadavg()[0]:.1f}"
    )
