"""``promote``: point a label to a version."""

from __future__ import annotations

import argparse

from export.commands.parser import Commands, add_command
from export.commands.target import add_target, add_timeout, open_labels, version_number

SUMMARY = "point a label to a version, under live traffic"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "promote",
        run,
        SUMMARY,
        "Have the model server load a version beside those that it has, wait until it is "
        "available, and move the label to it. If it does not load, nothing changes. The label's "
        "previous version stays loaded, so a rollback is immediate.",
        """
        %(prog)s 3
        %(prog)s 1 --model mymodel --label stable
        """,
    )
    parser.add_argument(
        "version", type=version_number, metavar="VERSION", help="the version's number"
    )
    parser.add_argument(
        "--label", default="stable", metavar="LABEL", help="the label (default: %(default)s)"
    )
    add_timeout(parser)
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Move the label. Raise ``ExportError``."""
    with open_labels(options) as labels:
        labels.promote(options.label, options.version)
