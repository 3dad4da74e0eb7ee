"""The results of a comparison: what was measured, where and when, and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.field.measurement import Level, Measured
from loadtest import machine


@dataclass(frozen=True)
class Row:
    """A server: its key, name, version and how frames reach the model, and its figures.

    ``failure``: why there are none.
    """

    key: str
    name: str
    version: str
    does: str
    measured: Measured | None
    failure: str | None = None


@dataclass(frozen=True)
class Direct:
    """Direct Predict calls: frames per call, calls at a time, frames/s and duration of a call."""

    batch: int
    calls: int
    frames_per_s: float
    median_ms: float


@dataclass(frozen=True)
class Circumstances:
    """Where, when and how it was measured. ``load_average`` is that of the minute before."""

    date: str
    took_s: float
    cores: int
    processor: str
    load_average: float
    python: str
    tensorflow: str
    command: str
    pictures: str


@dataclass(frozen=True)
class Results:
    """A whole comparison."""

    circumstances: Circumstances
    direct: Sequence[Direct]
    rows: Sequence[Row]


def to_json(results: Results) -> str:
    """Return the results as JSON; figures that could not be measured are null."""
    return json.dumps(_plain(dataclasses.asdict(results)), indent=2, allow_nan=False) + "\n"


def from_json(text: str) -> Results:
    """Return the results that :func:`to_json` wrote."""
    fields = json.loads(text)
    return Results(
        Circumstances(**fields["circumstances"]),
        [Direct(**entry) for entry in fields["direct"]],
        [_row(row) for row in fields["rows"]],
    )


def _row(fields: dict[str, Any]) -> Row:
    measured = fields.pop("measured")
    if measured is None:
        return Row(**fields, measured=None)
    levels = [Level(**_known(level)) for level in measured.pop("levels")]
    return Row(**fields, measured=Measured(**_known(measured), levels=levels))


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with NaN for numbers that are null."""
    texts = {"bottleneck"}
    return {n: math.nan if v is None and n not in texts else v for n, v in fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def now(took_s: float, tensorflow: str, command: str, pictures: str, busy: float) -> Circumstances:
    """Return the circumstances of a comparison that ends now."""
    return Circumstances(
        time.strftime("%Y-%m-%d"),
        took_s,
        os.cpu_count() or 0,
        machine.processor(),
        busy,
        platform.python_version(),
        tensorflow,
        command,
        pictures,
    )
