"""The options of ``verify`` that concern recorded frames."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import positive
from export.commands.thresholds import add_thresholds, thresholds
from export.errors import SourceError
from export.verification.recorded.limits import Limits

if TYPE_CHECKING:  # it imports TensorFlow, which --help should not wait for
    from export.verification.report import Report


def add_recorded(parser: argparse.ArgumentParser) -> None:
    """Add what to compare with, and how close it must be."""
    group = parser.add_argument_group("recorded frames (docs/recording.md)")
    group.add_argument(
        "--recorded",
        type=Path,
        metavar="PATH",
        help="a recording or a folder of them: run the version over its frames, and compare",
    )
    group.add_argument(
        "--against",
        type=positive,
        metavar="N",
        help="the recorded version to compare with (default: the one with most answers)",
    )
    group.add_argument(
        "--baseline",
        type=Path,
        metavar="VERSION",
        help="the directory of that version, to compare the duration of calls",
    )
    group.add_argument(
        "--max-frames",
        type=positive,
        default=1000,
        metavar="N",
        help="most frames to compare, evenly spread (default: %(default)s)",
    )
    group.add_argument(
        "--report-html",
        type=Path,
        metavar="FILE",
        help="write a page with the pictures that differ most",
    )
    _add_limits(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits for recorded frames; exceeding one is an error")
    group.add_argument(
        "--min-frames",
        type=positive,
        default=Limits().min_frames,
        metavar="N",
        help="frames that must be compared (default: %(default)s)",
    )
    add_thresholds(group)


def check(options: argparse.Namespace) -> None:
    """Check the paths, before TensorFlow is imported. Raises ``SourceError``."""
    if options.recorded is None and (options.report_html or options.baseline or options.against):
        raise SourceError("--report-html, --baseline and --against need --recorded")
    if options.recorded is not None and not options.recorded.exists():
        raise SourceError(f"there is no recording at {options.recorded}")
    if options.baseline is not None and not (options.baseline / "saved_model.pb").is_file():
        raise SourceError(f"there is no version at {options.baseline}")


def verify(report: Report, folder: Path, options: argparse.Namespace) -> None:
    """Compare the version in ``folder`` with recorded answers. Raises ``ExportError``."""
    from export.verification.recorded.verify import RecordedOptions
    from export.verification.recorded.verify import verify as verify_recorded

    chosen = RecordedOptions(
        options.recorded,
        options.model or folder.parent.name,
        options.against,
        options.max_frames,
        options.baseline,
        options.report_html,
        Limits(options.min_frames, thresholds(options)),
    )
    verify_recorded(report, folder, chosen)
