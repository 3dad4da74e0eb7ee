"""The report of a verification: checks and measurements."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from export import __version__
from export.errors import ExportError
from export.verification.comparison import TOLERANCE

FILE = "assets.extra/verification.json"
"""Its path within a version. Model servers ignore ``assets.extra``."""

SCHEMA = 1


@dataclass
class Check:
    """One check: whether it passed, and what it found."""

    name: str
    passed: bool = False
    found: str = ""


@dataclass(frozen=True)
class Speed:
    """Consecutive calls with ``batch`` images: latency in milliseconds, and throughput."""

    batch: int
    p50_ms: float
    p95_ms: float
    images_per_s: float


@dataclass
class Report:
    """What was checked and measured.

    ``version``: the name of its directory after the model's, ``digits/3``. ``size_bytes``: of all
    its files. ``server``: where it was loaded. ``load_s``: how long that took, including warm-up,
    if it was observed.
    """

    version: str
    size_bytes: int = 0
    checks: list[Check] = field(default_factory=list)
    server: str | None = None
    load_s: float | None = None
    speeds: list[Speed] = field(default_factory=list)

    @contextmanager
    def check(self, name: str) -> Iterator[Check]:
        """Record a check, which passes if the block does not raise an ``ExportError``."""
        check = Check(name)
        self.checks.append(check)
        try:
            yield check
        except ExportError as error:
            check.found = str(error)
            raise
        check.passed = True

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    def encode(self) -> str:
        """Return the report as JSON."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        fields: dict[str, Any] = {
            "schema": SCHEMA,
            "verified_at": now.isoformat().replace("+00:00", "Z"),
            "verified_by": f"framewire-export {__version__}",
            "passed": self.passed,
            "tolerance": TOLERANCE,
            "cores": os.cpu_count(),
            **asdict(self),
        }
        return json.dumps(fields, indent=1) + "\n"

    def print(self) -> None:
        """Print the report for people."""
        console = Console(highlight=False, soft_wrap=True)
        for check in self.checks:
            mark = "[green]passed[/]" if check.passed else "[red]failed[/]"
            console.print(f"{mark}      {check.name}: ", end="")
            console.print(check.found, markup=False)
        console.print(f"size        {self.size_bytes / 1e6:.2f} MB on disk")
        if self.load_s is not None:
            console.print(f"load        {self.load_s:.1f} s, including warm-up")
        if self.speeds:
            console.print(_table(self.speeds))


def _table(speeds: list[Speed]) -> Table:
    table = Table("batch", "p50 ms", "p95 ms", "images/s", box=None, pad_edge=False)
    for column in table.columns:
        column.justify = "right"
    for speed in speeds:
        table.add_row(
            str(speed.batch),
            f"{speed.p50_ms:.1f}",
            f"{speed.p95_ms:.1f}",
            f"{speed.images_per_s:.0f}",
        )
    return table


def size_of(version: Path) -> int:
    """Return the size of all files in a directory in bytes."""
    return sum(path.stat().st_size for path in version.rglob("*") if path.is_file())
