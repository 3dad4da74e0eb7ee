"""``canary``: route some sessions to a version."""

from __future__ import annotations

import argparse

from export.commands.parser import Commands, add_command
from export.commands.target import add_target, add_timeout, open_labels, version_number
from export.errors import ReleaseError

SUMMARY = "route some sessions to a version"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "canary",
        run,
        SUMMARY,
        "Give a version the label canary, as promote does. The gateway's setting canary_share is "
        "the share of sessions that get it; the gateway's metrics tell the versions apart.",
        """
        %(prog)s 4
        %(prog)s --stop
        """,
    )
    version = parser.add_mutually_exclusive_group(required=True)
    version.add_argument(
        "version", type=version_number, nargs="?", metavar="VERSION", help="the version's number"
    )
    version.add_argument("--stop", action="store_true", help="remove the label")
    add_timeout(parser)
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Move or remove the label. Raise ``ExportError``."""
    from export.release.labels import CANARY

    if not options.stop and options.version is None:
        raise ReleaseError("give a version, or --stop")
    with open_labels(options) as labels:
        if options.stop:
            labels.clear(CANARY)
        else:
            labels.promote(CANARY, options.version)
