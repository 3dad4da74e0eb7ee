"""Options that more than one subcommand has."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from demomodel import CHECKPOINT

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], None],
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    """A new subcommand, run by `run`; `summary` stands in the list, `description` in its help."""
    parser = commands.add_parser(name, help=summary, description=description)
    parser.set_defaults(command=run)
    return parser


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """`--checkpoint`: the demo model's, or another of the same network."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=CHECKPOINT,
        metavar="PLACE",
        help="a checkpoint's folder or prefix (default: the demo model's)",
    )


def add_cache(parser: argparse.ArgumentParser) -> None:
    """`--cache`: where scenes are kept once they are rendered."""
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where rendered scenes are kept (default: framewire in the user's cache folder)",
    )


def address(text: str) -> str:
    """The type of a model server's address: HOST:PORT, or a `unix:` socket."""
    port = text.rpartition(":")[2]
    if text.startswith("unix:") or (":" in text and port.isdecimal() and 0 < int(port) < 65536):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")


def positive(text: str) -> int:
    """The type of an option that counts something: 1 to 2^31 - 1."""
    number = int(text)
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
