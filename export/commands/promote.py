"""`promote`: lets a label stand for a version."""

from __future__ import annotations

import argparse

from export.commands.arguments import Commands, add_command
from export.commands.target import add_target, add_timeout, release, version_number


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "promote",
        run,
        "let a label stand for a version, under live traffic",
        "Has the model server load a version beside those that it has, waits until it is "
        "available, and moves the label. If it does not load, all is as it was. The label's "
        "version before stays loaded, so that a rollback takes no time.",
    )
    parser.add_argument("version", type=version_number, metavar="VERSION", help="its number")
    parser.add_argument(
        "--label", default="stable", metavar="LABEL", help="which label (default: %(default)s)"
    )
    add_target(parser)
    add_timeout(parser)


def run(options: argparse.Namespace) -> None:
    """Moves the label. Raises ExportError."""
    with release(options) as labels:
        labels.promote(options.label, options.version)
