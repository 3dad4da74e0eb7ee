"""`fonts`: the Debian packages that training and evaluation need."""

from __future__ import annotations

import argparse

from demomodel import fonts
from export.commands.arguments import Commands, add_command


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    add_command(
        commands,
        "fonts",
        run,
        "print the Debian packages that training and evaluation need",
        "Prints the Debian packages with the font families that training and evaluation use, "
        "for: apt-get install $(python -m export fonts)",
    )


def run(options: argparse.Namespace) -> None:
    """Prints them on one line."""
    print(*fonts.packages())
