"""``list``: the versions of a model, on disk and served, with their labels."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.parser import Commands, add_command
from export.commands.target import FOLDER, Target, add_target, target
from export.errors import DamagedVersion, ExportError, ReleaseError, ServerError

if TYPE_CHECKING:
    from export.client.model_server import ModelServer, Status
    from export.publishing.repository import Repository
    from export.release.listing import Row

SUMMARY = "list a model's versions: on disk, served, labelled"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "list",
        run,
        SUMMARY,
        "List each version of a model: its state on the model server, its labels, its size, when "
        "it was published and what it was made from.",
        """
        %(prog)s
        %(prog)s mymodel --check
        %(prog)s s3://bucket/models/mymodel --offline
        """,
    )
    parser.add_argument(
        "model_or_path",
        nargs="?",
        metavar="MODEL",
        help="the model's name, directory or URL, instead of --model and --base-path",
    )
    parser.add_argument(
        "--check", action="store_true", help="compare every file with its recorded checksum"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--offline", action="store_true", help="do not ask the model server")
    add_target(parser)


def run(options: argparse.Namespace) -> None:
    """Print the table. Raise ``ExportError``, after printing where that is possible."""
    from export.release import config, listing

    _resolve_positional(options)
    named = target(options)
    current = named.file.read()
    labels = config.labels(current, named.model) if current else {}
    statuses, problem = _ask_server(options, named, labels)
    rows = listing.rows(named.repository, statuses, labels, options.check)
    _print(rows, options, named)
    if problem:
        raise problem
    damaged = [row.checked for row in rows if row.checked not in ("", *_UNDAMAGED)]
    if damaged:
        raise DamagedVersion(damaged[0])


_UNDAMAGED = ("whole", "no checksums")


def _resolve_positional(options: argparse.Namespace) -> None:
    """Store MODEL as ``--model`` or ``--base-path``."""
    given = options.model_or_path
    if given and ("/" in given or Path(given).is_dir()):
        options.base_path = given
    elif given is not None:
        options.model = given
        options.base_path = options.base_path or f"{FOLDER}/{given}"


def _ask_server(
    options: argparse.Namespace, named: Target, labels: dict[str, int]
) -> tuple[dict[int, Status], ExportError | None]:
    """Return the state of each version, and the error to end with after the listing."""
    from export.client.model_server import ModelServer

    if options.offline:
        return {}, None
    statuses: dict[int, Status] = {}
    try:
        with ModelServer(options.server) as server:
            statuses = server.statuses(named.model)
            loading = {n for n, one in statuses.items() if one.state in ("START", "LOADING")}
            settled = {name: n for name, n in labels.items() if n not in loading}
            return statuses, _mismatch(named.model, settled, server)
    except ServerError as error:
        return statuses, error


def _mismatch(model: str, labels: dict[str, int], server: ModelServer) -> ReleaseError | None:
    """Return an error for the first label on which the server and the file disagree."""
    for label, number in labels.items():
        served = server.version_for_label(model, label)
        if served != number:
            actual = f"version {served}" if served is not None else "no version"
            return ReleaseError(
                f"label {label} points to {actual} on the model server, but to version {number} "
                f"in its configuration file; fix it with: promote {number} --label {label}"
            )
    return None


def _print(rows: list[Row], options: argparse.Namespace, named: Target) -> None:
    from rich.console import Console

    from export.release import listing

    if options.json:
        print(json.dumps(listing.as_json(rows), indent=1))
    elif rows:
        # Do not cut off lines at the width of a terminal when writing to a file or a pipe.
        console = Console(width=None if sys.stdout.isatty() else 160)
        console.print(listing.table(rows, options.check))
        for line in listing.failures(rows):
            print(line)
    else:
        print(_nothing(named.repository))


def _nothing(repository: Repository) -> str:
    """Return what to say about a directory without versions; it may be another kind."""
    where = repository.location
    there = "" if where.exists() else ": there is no such directory"
    return repository.misplaced() or f"there are no versions in {where}{there}"
