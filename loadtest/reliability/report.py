"""Runs scenarios, prints their figures, and writes them into docs/, in both languages."""

from __future__ import annotations

import importlib
import logging
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType

from loadtest import machine, markers
from loadtest.measure import Measure, quantity
from loadtest.reliability import SCENARIOS
from loadtest.reliability.result import Result
from loadtest.stack import ROOT, Stack

log = logging.getLogger(__name__)

PAGES = tuple(ROOT / "docs" / f"reliability{suffix}" for suffix in (".md", ".zh-CN.md"))
_VERSIONS = ("tornado", "grpcio", "tensorflow")


def run(models: Path, names: Sequence[str], quick: bool) -> bool:
    """Run the scenarios ``names``, or all of them. Returns whether every bound was kept.

    A scenario that fails costs the others nothing, and counts as a bound that was not kept.
    Unless ``quick``, writes the tables of these scenarios into the pages, if they exist.
    """
    held = True
    for name in names or SCENARIOS:
        started = time.perf_counter()
        try:
            result = _run_alone(models, name, quick)
        except Exception:  # the other scenarios are worth their time all the same
            log.exception("scenario %s failed", name)
            held = False
            continue
        took_s = time.perf_counter() - started
        show(result, took_s)
        held = held and result.held
        for page in PAGES if not quick else ():
            if page.exists():
                text = page.read_text(encoding="utf-8")
                page.write_text(with_table(text, result, took_s), encoding="utf-8")
    return held


def _run_alone(models: Path, name: str, quick: bool) -> Result:
    """Run one scenario with processes of its own."""
    _module(name)  # before any process starts
    with tempfile.TemporaryDirectory() as folder, Stack(models, logs=Path(folder)) as stack:
        return scenario(stack, name, quick)


def scenario(stack: Stack, name: str, quick: bool) -> Result:
    """Run one scenario."""
    module = _module(name)
    result: Result = module.run(stack, module.QUICK if quick else module.FULL)
    return result


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"loadtest.reliability.{name}")


def show(result: Result, took_s: float) -> None:
    """Print the figures."""
    print(f"{result.scenario} ({took_s:.0f} s)")
    for measure in result.measures:
        print(f"  {measure}")
    for note in result.notes:
        print(f"  ({note})")
    print(flush=True)


def with_table(page: str, result: Result, took_s: float) -> str:
    """Return ``page`` with the figures of ``result`` between its scenario's markers."""
    return markers.replaced(page, result.scenario, _table(result, took_s))


def _table(result: Result, took_s: float) -> str:
    lines = ["| measured | figure | bound | held |", "|---|---|---|---|"]
    lines += [_row(measure) for measure in result.measures]
    lines += ["", *(f"- {note}" for note in result.notes), "", _circumstances(took_s)]
    return "\n".join(lines)


def _row(measure: Measure) -> str:
    relation = "≥" if measure.at_least else "≤"
    bound = f"{relation} {quantity(measure.bound, measure.unit)}"
    held = "yes" if measure.held else "**no**"
    return f"| {measure.name} | {measure.figure} | {bound} | {held} |"


def _circumstances(took_s: float) -> str:
    """Return when, on what machine and with which versions the figures were measured."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _VERSIONS)
    return (
        f"{time.strftime('%Y-%m-%d')}, {took_s:.0f} s, {os.cpu_count()} cores "
        f"({machine.processor()}), CPython {platform.python_version()}, {versions}; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
