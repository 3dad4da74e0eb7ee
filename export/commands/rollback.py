"""`rollback`: lets a label stand for the version before."""

from __future__ import annotations

import argparse

from export.commands.arguments import Commands, add_command
from export.commands.target import add_target, add_timeout, release


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "rollback",
        run,
        "let a label stand for the version before",
        "Moves a label back to the version that it stood for before. That version is still "
        "loaded, so this takes no time. Given again, it goes back one more.",
    )
    parser.add_argument(
        "--label", default="stable", metavar="LABEL", help="which label (default: %(default)s)"
    )
    add_target(parser)
    add_timeout(parser)


def run(options: argparse.Namespace) -> None:
    """Moves the label back. Raises ExportError."""
    with release(options) as labels:
        labels.rollback(options.label)
