"""``rollback``: point a label to its previous version."""

from __future__ import annotations

import argparse

from export.commands.parser import Commands, add_command
from export.commands.target import add_target, add_timeout, open_labels

SUMMARY = "point a label to its previous version"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "rollback",
        run,
        SUMMARY,
        "Move a label back to its previous version. That version is still loaded, so the rollback "
        "is immediate. Run it again to go back one more.",
        """
        %(prog)s
        %(prog)s --model mymodel
        """,
    )
    parser.add_argument(
        "--label", default="stable", metavar="LABEL", help="the label (default: %(default)s)"
    )
    add_timeout(parser)
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Move the label back. Raise ``ExportError``."""
    with open_labels(options) as labels:
        labels.rollback(options.label)
