"""``fonts``: the Debian packages that training and evaluation need."""

from __future__ import annotations

import argparse

from demomodel import fonts
from export.commands.parser import Commands, add_command

SUMMARY = "print the Debian packages with the fonts for training and evaluation"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    add_command(
        commands,
        "fonts",
        run,
        SUMMARY,
        "Print the Debian packages of the fonts that training and evaluation use.",
        "apt-get install $(%(prog)s)",
        page="docs/model-contract.md",
    )


def run(options: argparse.Namespace) -> None:
    """Print the packages on one line."""
    print(*fonts.packages())
