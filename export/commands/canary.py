"""`canary`: lets a share of the sessions try a version."""

from __future__ import annotations

import argparse

from export.commands.arguments import Commands, add_command
from export.commands.target import add_target, add_timeout, release, version_number
from export.errors import ReleaseError


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "canary",
        run,
        "let some sessions try a version",
        "Gives a version the label `canary`, as `promote` does. The gateway's setting "
        "canary_share says how large a share of its sessions get it; its metrics tell the two "
        "versions apart.",
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument(
        "version", type=version_number, nargs="?", metavar="VERSION", help="its number"
    )
    choice.add_argument("--stop", action="store_true", help="take the label away")
    add_target(parser)
    add_timeout(parser)


def run(options: argparse.Namespace) -> None:
    """Moves the label or takes it away. Raises ExportError."""
    from export.release.labels import CANARY

    if not options.stop and options.version is None:
        raise ReleaseError("name a version, or --stop")
    with release(options) as labels:
        if options.stop:
            labels.clear(CANARY)
        else:
            labels.promote(CANARY, options.version)
