"""`prune`: removes old versions from disk."""

from __future__ import annotations

import argparse

from export.commands.arguments import Commands, add_command, positive
from export.commands.target import add_target, target


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "prune",
        run,
        "remove old versions from disk",
        "Removes all versions but the newest N. One that has a label, that a rollback would go "
        "back to, or that the model server has loaded stays, however old it is.",
    )
    parser.add_argument(
        "--keep", type=positive, required=True, metavar="N", help="how many of the newest to keep"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove none")
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Removes them and says what stayed, and why. Raises ExportError."""
    from export.client.model_server import ModelServer
    from export.release.pruning import prune

    found = target(options)
    with ModelServer(options.server) as server:
        decided = prune(found.model, found.shelf, server, found.file, options.keep, options.dry_run)
    gone = "would go" if options.dry_run else "removed"
    for one in decided:
        what = f"kept, {one.kept_for}" if one.kept_for else gone
        print(f"version {one.number:<3} {what} ({one.size / 1e6:.1f} MB)")
