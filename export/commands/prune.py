"""``prune``: remove old versions from disk."""

from __future__ import annotations

import argparse

from export.commands.arguments import positive
from export.commands.parser import Commands, add_command
from export.commands.target import add_target, model_target

SUMMARY = "remove old versions from disk"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "prune",
        run,
        SUMMARY,
        "Remove all versions except the newest N. Versions that have a label, that a rollback "
        "would return to, or that the model server has loaded are always kept.",
        """
        %(prog)s --keep 5 --dry-run
        %(prog)s --keep 5 --model mymodel
        """,
    )
    parser.add_argument(
        "--keep", type=positive, required=True, metavar="N", help="how many of the newest to keep"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be removed, and remove nothing"
    )
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Remove old versions and say what was kept, and why. Raise ``ExportError``."""
    from export.client.model_server import ModelServer
    from export.release.pruning import prune

    named = model_target(options)
    with ModelServer(options.server) as server:
        outcomes = prune(
            named.model, named.repository, server, named.file, options.keep, options.dry_run
        )
    if not outcomes:
        print(f"there are no versions in {named.repository.location}")
    removed = "would be removed" if options.dry_run else "removed"
    for one in outcomes:
        outcome = f"kept, {one.kept_for}" if one.kept_for else removed
        print(f"version {one.number:<3} {outcome} ({one.size / 1e6:.1f} MB)")
