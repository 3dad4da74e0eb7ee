"""Options and option types that several subcommands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from demomodel import CHECKPOINT


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Add ``--checkpoint``: the demo model's, or another one of the same network."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=CHECKPOINT,
        metavar="PATH",
        help="a checkpoint of the demo model: its directory or prefix (default: the released one)",
    )


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Add ``--cache``: where rendered scenes are stored."""
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where to store rendered scenes (default: framewire in the user's cache directory)",
    )


def address(text: str) -> str:
    """Parse the address of a model server: ``HOST:PORT`` or ``unix:PATH``."""
    port = text.rpartition(":")[2]
    is_port = ":" in text and port.isdecimal() and 0 < int(port) < 65536
    if text.startswith("unix:") or (is_port and "/" not in text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")


def positive(text: str) -> int:
    """Parse a number from 1 to 2^31 - 1."""
    if not text.isdecimal() or not 1 <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def fraction(text: str) -> float:
    """Parse a number above 0 and at most 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and at most 1")
    return value


def count(text: str) -> int:
    """Parse a number from 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 65535")
    return int(text)


def not_negative(text: str) -> float:
    """Parse a number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value
