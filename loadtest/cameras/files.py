"""Reports as JSON, and recorded frames as CSV."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loadtest.cameras.recording import Recording
from loadtest.cameras.report import Report, usage
from loadtest.cameras.target import Unusable
from loadtest.measure import Measure

VERSION = 1
COLUMNS = (
    "camera",
    "captured_s",
    "sent_s",
    "outcome_s",
    "outcome",
    "age_ms",
    "batch",
    "queue_ms",
    "inference_ms",
)


def save(*results: tuple[Path | None, Callable[[Path, Any], None], Any]) -> None:
    """Write each of ``results`` into its file with its function, if it is to have one.

    Raises ``Unusable``, after all others are written: a load may have taken hours.
    """
    problems = []
    for path, write, data in results:
        try:
            if path is not None:
                write(path, data)
        except OSError as error:
            problems.append(f"cannot write {path}: {error.strerror}")
    if problems:
        raise Unusable("; ".join(problems))


def write_json(path: Path, report: Report) -> None:
    """Write all figures of a report."""
    path.write_text(json.dumps(fields(report), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def fields(report: Report) -> dict[str, Any]:
    """Return the figures of a report; null for those without a value."""
    summary = report.summary
    return {
        "version": VERSION,
        "started": report.started,
        "url": report.url,
        "model": report.model["name"],
        "model_version": report.model["version"],
        "pictures": dataclasses.asdict(report.pictures),
        "profile": {
            name: _number(value) for name, value in dataclasses.asdict(report.profile).items()
        },
        "valid": report.bottleneck is None,
        "bottleneck": report.bottleneck,
        "status": report.status,
        "planned_seconds": report.planned_s or report.profile.seconds,
        "objectives": objectives(report.measures),
        "captured": summary.captured,
        "sent": summary.sent,
        "outcomes": dict(report.outcomes),
        "messages": dict(report.messages),
        "second_model": dict(report.boxes),
        "session_failures": dict(report.failures),
        "answered": _number(summary.answered),
        "frames_per_s": summary.frames_per_s,
        "age_ms": [{"percent": percent, "ms": ms} for percent, ms in summary.curve()],
        "median_ms": {
            "queue": _number(summary.queue_ms),
            "inference": _number(summary.inference_ms),
            "other": _number(summary.other_ms),
        },
        "calls_by_batch": {str(size): count for size, count in summary.calls.items()},
        "timeline": _timeline(report),
        "servers": _servers(report),
        "load_generator": [dataclasses.asdict(effort) for effort in report.efforts],
    }


def objectives(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Return figures beside their bounds."""
    return [
        {
            "name": measure.name,
            "measured": _number(measure.measured),
            "bound": measure.bound,
            "met": measure.held,
        }
        for measure in measures
    ]


def write_csv(path: Path, recording: Recording) -> None:
    """Write a row per frame, those of the ramp and the warm-up included, by time of capture.

    Times are in seconds after the start; what did not happen is empty.
    """
    rows = sorted(range(len(recording)), key=recording.captured.__getitem__)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(recording, row) for row in rows)


def _row(recording: Recording, row: int) -> list[str | int]:
    return [
        recording.camera[row],
        _cell(recording.captured[row], 6),
        _cell(recording.sent[row], 6),
        _cell(recording.settled[row], 6),
        recording.name(row),
        _cell(recording.age_ms(row), 3),
        recording.batch[row] or "",
        _cell(recording.queue_ms[row], 3),
        _cell(recording.inference_ms[row], 3),
    ]


def _cell(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _timeline(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "at_s": part.at,
            "outcomes": dict(part.outcomes),
            "max_ms": max(part.ages_ms, default=None),
        }
        for part in report.summary.slices
    ]


def _servers(report: Report) -> list[dict[str, Any]]:
    until = report.since + report.summary.seconds
    return [
        {"pid": server.pid, "name": server.name, "cpu": used[0], "max_memory_mb": used[1]}
        for server in report.servers
        if (used := usage(server, report.since, until)) is not None
    ]
