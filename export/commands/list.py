"""`list`: what there is, what is served, and under which label."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import Commands, add_command
from export.commands.target import FOLDER, add_target, target
from export.errors import DamagedVersion, ReleaseError

if TYPE_CHECKING:
    from export.client.model_server import ModelServer


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "list",
        run,
        "show a model's versions: on disk, served, labelled",
        "Shows each version of a model: its state as the model server sees it, its labels, its "
        "size, when it was published and what it was made from.",
    )
    parser.add_argument(
        "place",
        nargs="?",
        metavar="MODEL",
        help="the model's name, or its folder or URL, in the place of the two options below",
    )
    parser.add_argument("--check", action="store_true", help="compare every file with its checksum")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--offline", action="store_true", help="do not ask the model server")
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Prints the table. Raises ExportError, if only after it."""
    from rich.console import Console

    from export.client.model_server import ModelServer, Status
    from export.release import config, listing

    _take_place(options)
    found = target(options)
    statuses: dict[int, Status] = {}
    now = found.file.read()
    labels = config.labels(now, found.model) if now else {}
    trouble: ReleaseError | None = None
    if not options.offline:
        try:
            with ModelServer(options.server) as server:
                statuses = server.statuses(found.model)
                loading = {n for n, one in statuses.items() if one.state in ("START", "LOADING")}
                settled = {name: n for name, n in labels.items() if n not in loading}
                trouble = _out_of_step(found.model, settled, server)
        except ReleaseError as error:
            trouble = error
    rows = listing.rows(found.shelf, statuses, labels, options.check)
    if options.json:
        print(json.dumps(listing.as_json(rows), indent=1))
    elif rows:
        # What goes into a file or a pipe is not cut off at the width of a terminal.
        console = Console(width=None if sys.stdout.isatty() else 160)
        console.print(listing.table(rows, options.check))
        for line in listing.failures(rows):
            print(line)
    else:
        print(f"no version in {found.shelf.location}")
    if trouble:
        raise trouble
    damaged = [row.checked for row in rows if row.checked not in ("", "whole", "no checksums")]
    if damaged:
        raise DamagedVersion(damaged[0])


def _take_place(options: argparse.Namespace) -> None:
    place = options.place
    if place and ("/" in place or Path(place).is_dir()):
        options.base_path = place
    elif place:
        options.model = place
        options.base_path = options.base_path or f"{FOLDER}/{place}"


def _out_of_step(model: str, labels: dict[str, int], server: ModelServer) -> ReleaseError | None:
    """What the file says of labels, and the server does not do."""
    for label, number in labels.items():
        served = server.labelled(model, label)
        if served != number:
            stands = f"version {served}" if served is not None else "nothing"
            return ReleaseError(
                f"label {label} stands for {stands} on the model server, and for version {number} "
                f"in its configuration file; `promote {number} --label {label}` mends that"
            )
    return None
