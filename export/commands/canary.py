"""``canary``: route some sessions to a version, or let it prove itself in growing shares."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from export.commands.arguments import not_negative, positive
from export.commands.parser import Commands, add_command
from export.commands.target import (
    add_target,
    add_timeout,
    model_target,
    open_labels,
    version_number,
)
from export.commands.thresholds import add_thresholds, thresholds
from export.errors import ReleaseError

if TYPE_CHECKING:
    from export.release.automatic import Movable, Plan
    from export.release.trial import Trial, TrialFile

SUMMARY = "route some sessions to a version"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "canary",
        run,
        SUMMARY,
        "Give a version the label canary, as promote does. The gateway's setting canary_share is "
        "the share of sessions that get it; the gateway's metrics tell the versions apart. With "
        "--auto, the share grows in steps while the version holds, and otherwise it is rolled "
        "back. If the command is interrupted, run it again to go on.",
        """
        %(prog)s 4
        %(prog)s 4 --auto --gateway http://127.0.0.1:8888 --promote
        %(prog)s --stop
        """,
    )
    parser.usage = "%(prog)s (VERSION | --stop) [options]"
    version = parser.add_mutually_exclusive_group(required=True)
    version.add_argument(
        "version", type=version_number, nargs="?", metavar="VERSION", help="the version's number"
    )
    version.add_argument("--stop", action="store_true", help="remove the canary's labels")
    add_timeout(parser)
    _add_automatic(parser)
    add_target(parser)


def _add_automatic(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("automatic canary")
    group.add_argument("--auto", action="store_true", help="raise the share in steps, or roll back")
    group.add_argument(
        "--gateway",
        action="append",
        default=[],
        metavar="URL",
        help="a gateway whose metrics to watch; repeat it for several",
    )
    group.add_argument(
        "--steps",
        type=_shares,
        default=(5, 25, 50),
        metavar="PERCENT",
        help="shares of the sessions, as in the gateways' canary_steps (default: 5,25,50)",
    )
    group.add_argument("--promote", action="store_true", help="move --label to it at the end")
    group.add_argument(
        "--label",
        default="stable",
        metavar="LABEL",
        help="label of the version to compare with (default: %(default)s)",
    )
    group.add_argument(
        "--no-shadow", action="store_true", help="judge errors and delay alone, not the answers"
    )
    for flag, default, meaning in _LIMITS:
        group.add_argument(
            flag,
            type=positive if isinstance(default, int) else not_negative,
            default=default,
            metavar="N",
            help=f"{meaning} (default: %(default)g)",
        )
    add_thresholds(group)


_LIMITS: list[tuple[str, float, str]] = [
    ("--step-seconds", 60.0, "minimum duration of a step"),
    ("--patience", 1800.0, "seconds until an undecided step is rolled back"),
    ("--least", 50, "minimum number of frames per check"),
    ("--max-errors", 0.01, "tolerated increase of the error rate over the other version"),
]


def _shares(text: str) -> tuple[int, ...]:
    """Parse steps: increasing percentages."""
    parts = [part.strip() for part in text.split(",")]
    shares = [int(part) for part in parts if part.isdecimal() and 1 <= int(part) <= 100]
    if len(shares) < len(parts) or sorted(set(shares)) != shares:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be increasing whole numbers from 1 to 100, comma-separated"
        )
    return tuple(shares)


def run(options: argparse.Namespace) -> None:
    """Move or remove the labels. Raise ``ExportError``."""
    from export.release.labels import CANARY, is_canary
    from export.release.trial import TrialFile

    if not options.stop and options.version is None:
        raise ReleaseError("give a version, or --stop")
    if options.auto:
        _run_automatic(options)
        return
    with open_labels(options) as labels:
        if options.stop:
            labels.clear(*(list(filter(is_canary, labels.current())) or [CANARY]))
            TrialFile(model_target(options).file.path).write(labels.model, None)
        else:
            labels.promote(CANARY, options.version)


def _run_automatic(options: argparse.Namespace) -> None:
    from export.release.automatic import AutomaticCanary
    from export.release.gateways import Gateways
    from export.release.labels import CANARY
    from export.release.trial import TrialFile, labels_of

    if options.stop or not options.gateway:
        raise ReleaseError("--auto needs a version, and --gateway with a gateway's URL")
    gateways, file = Gateways(options.gateway), TrialFile(model_target(options).file.path)
    plan = _plan(options)
    with open_labels(options) as labels, file.locked(labels.model):
        trial = _trial(options, labels, file)
        candidates = [CANARY, str(trial.candidate)] if plan.shadow else None
        gateways.check(labels_of(trial.shares), candidates)
        AutomaticCanary(labels, gateways, file, plan, _say).run(trial)


def _plan(options: argparse.Namespace) -> Plan:
    from export.release.automatic import Plan
    from export.release.judgement import Limits, Pace

    limits = Limits(options.max_errors, options.least, thresholds(options))
    pace = Pace(options.step_seconds, options.patience)
    return Plan(limits, pace, not options.no_shadow, options.promote)


def _trial(options: argparse.Namespace, labels: Movable, file: TrialFile) -> Trial:
    """Return the trial that is under way, or a new one."""
    from export.publishing.manifest import utc_now
    from export.release.trial import Trial

    under_way = file.read(labels.model)
    if under_way is not None:
        if under_way.candidate != options.version:
            raise ReleaseError(
                f"version {under_way.candidate} is the canary of {labels.model}; let it end, or "
                "end it with canary --stop"
            )
        return under_way
    current = labels.current().get(options.label)
    if current is None:
        raise ReleaseError(
            f"model {labels.model} has no label {options.label}; promote the version in use first"
        )
    if current == options.version:
        raise ReleaseError(f"label {options.label} points to version {current} already")
    return Trial(options.version, current, options.label, options.steps, began_at=utc_now())


def _say(line: str) -> None:
    print(line, flush=True)
