"""The options of ``verify`` that concern recorded frames."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import positive
from export.errors import SourceError
from export.verification.recorded.limits import Limits

if TYPE_CHECKING:  # it imports TensorFlow, which --help should not wait for
    from export.verification.report import Report

_DEFAULT = Limits()


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
    _limit(group, "--min-frames", _DEFAULT.min_frames, "frames that must be compared")
    _limit(group, "--min-agreement", _DEFAULT.min_agreement, "agreement of all objects, 0..1")
    _limit(group, "--min-class-agreement", _DEFAULT.min_class_agreement, "that of each class, 0..1")
    _limit(
        group,
        "--min-similarity",
        _DEFAULT.min_similarity,
        "mean IoU of matching boxes; of poses OKS, of vectors the cosine",
    )
    _limit(group, "--max-score-shift", _DEFAULT.max_score_shift, "mean change of scores")
    _limit(
        group,
        "--max-slowdown",
        _DEFAULT.max_slowdown,
        "duration of a call with one frame, in multiples of the baseline's",
    )


def _limit(group: argparse._ArgumentGroup, flag: str, default: float, meaning: str) -> None:
    group.add_argument(
        flag,
        type=_not_negative,
        default=default,
        metavar="X",
        help=f"{meaning} (default: %(default)s)",
    )


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

    limits = Limits(
        int(options.min_frames),
        options.min_agreement,
        options.min_class_agreement,
        options.min_similarity,
        options.max_score_shift,
        options.max_slowdown,
    )
    chosen = RecordedOptions(
        options.recorded,
        options.model or folder.parent.name,
        options.against,
        options.max_frames,
        options.baseline,
        options.report_html,
        limits,
    )
    verify_recorded(report, folder, chosen)


def _not_negative(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value
