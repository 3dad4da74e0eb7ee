"""`savedmodel`: from a checkpoint to a verified version."""

from __future__ import annotations

import argparse
from pathlib import Path

from export import checkpoint, publication
from export.commands.arguments import Commands, add_checkpoint, add_command
from export.quiet import load_tensorflow


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "savedmodel",
        run,
        "publish a checkpoint as a SavedModel version",
        "Makes a SavedModel of a checkpoint, loads it back, compares it with the checkpoint, and "
        "publishes it as a version by one atomic rename. Whatever fails, nothing half-made is "
        "left where a model server looks.",
    )
    add_checkpoint(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("models/digits"),
        metavar="FOLDER",
        help="the model's folder; its name is the model's (default: %(default)s)",
    )
    parser.add_argument(
        "--version", type=int, metavar="N", help="the version's number (default: the next)"
    )
    parser.add_argument(
        "--if-missing", action="store_true", help="do nothing if there is a version already"
    )


def run(options: argparse.Namespace) -> None:
    """Makes the version. Raises ExportError."""
    present = publication.versions(options.output)
    if options.if_missing and present:
        print(f"present     {options.output / str(present[-1])}")
        return
    if options.version is not None:
        publication.check_free(options.output, options.version)
    checkpoint.find(options.checkpoint)
    load_tensorflow()
    from export import savedmodel

    savedmodel.publish(options.checkpoint, options.output, options.version)
