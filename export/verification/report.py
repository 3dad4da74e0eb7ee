"""What was checked, and with what figures."""

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
"""Where the report lies in a version. Model servers pay no heed to what is in `assets.extra`."""

SCHEMA = 1


@dataclass
class Check:
    """One thing that was looked at: whether it is as it should be, and what was found."""

    name: str
    passed: bool = False
    found: str = ""


@dataclass(frozen=True)
class Speed:
    """Calls with `batch` pictures, one after another: milliseconds, and pictures a second."""

    batch: int
    p50_ms: float
    p95_ms: float
    images_per_s: float


@dataclass
class Report:
    """version: the folder's name after the model's, `digits/3`. size_bytes: of all its files.
    server: where it was loaded; load_s: how long that took, warm-up included, if it was seen."""

    version: str
    size_bytes: int = 0
    checks: list[Check] = field(default_factory=list)
    server: str | None = None
    load_s: float | None = None
    speeds: list[Speed] = field(default_factory=list)

    @contextmanager
    def check(self, name: str) -> Iterator[Check]:
        """Notes down a check; it has passed if the block ends without an ExportError."""
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
        """Whether all checks have."""
        return all(check.passed for check in self.checks)

    def encode(self) -> str:
        """As JSON."""
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
        """For people."""
        console = Console(highlight=False, soft_wrap=True)
        for check in self.checks:
            mark = "[green]passed[/]" if check.passed else "[red]failed[/]"
            console.print(f"{mark}      {check.name}: ", end="")
            console.print(check.found, markup=False)
        console.print(f"size        {self.size_bytes / 1e6:.2f} MB on disk")
        if self.load_s is not None:
            console.print(f"load        {self.load_s:.1f} s, warm-up included")
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
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in version.rglob("*") if path.is_file())
