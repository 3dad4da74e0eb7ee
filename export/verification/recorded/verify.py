"""Verify a version against recorded answers, before it is published."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from export.errors import ContractError, RegressionFound
from export.verification import checks
from export.verification.loaded_version import LoadedVersion
from export.verification.recorded import comparison, page, selection
from export.verification.recorded.comparison import Result
from export.verification.recorded.limits import Limits
from export.verification.recorded.selection import Selection
from export.verification.report import Report, size_of


@dataclass(frozen=True)
class RecordedOptions:
    """What to compare with, and how close it must be.

    ``model`` and ``against``: the model's name in the recordings, and its version; None: the one
    with most answers. ``baseline``: the directory of a version to compare the speed with.
    ``html``: where to write the report.
    """

    folder: Path
    model: str
    against: int | None = None
    most: int = 1000
    baseline: Path | None = None
    html: Path | None = None
    limits: Limits = field(default_factory=Limits)


def verify(report: Report, folder: Path, options: RecordedOptions) -> None:
    """Compare a version with recorded answers. Raises ``ExportError``."""
    report.size_bytes = size_of(folder)
    chosen = selection.select(options.folder, options.model, options.against, options.most)
    version = LoadedVersion(folder)
    checks.check_values(report, version)
    description = checks.check_contract(report, version)
    baseline = None if options.baseline is None else LoadedVersion(options.baseline)
    result = comparison.run(chosen, version, description, baseline)
    violations = options.limits.violations(result.agreement, result.slowdown)
    violations += [f"{n} frames fail: {reason}" for reason, n in result.failures.items()]
    if options.html is not None:
        _write(options.html, page.page(report.version, chosen, result, options.limits, violations))
    with report.check("recorded") as check:
        if violations:
            raise RegressionFound(
                f"{report.version} differs from {chosen.model}/{chosen.version}: "
                + "; ".join(violations)
            )
        check.found = summary(chosen, result)


def summary(chosen: Selection, result: Result) -> str:
    """Return what was compared, and how well it agrees, on one line."""
    agreement = result.agreement
    parts = [f"agreement {agreement.overall:.3f} with {chosen.model}/{chosen.version}"]
    if not math.isnan(agreement.similarity):
        parts.append(f"similarity {agreement.similarity:.3f}")
    if not math.isnan(agreement.shift):
        parts.append(f"scores {agreement.shift:+.3f}")
    if not math.isnan(result.slowdown):
        parts.append(f"{result.slowdown:.2f} times the baseline's time")
    frames = f"{agreement.frames} of {chosen.available} recorded frames"
    return f"{frames}: {', '.join(parts)}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ContractError(f"cannot write {path}: {error.strerror}") from None
