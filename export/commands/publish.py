"""`publish`: puts a finished version where a model server finds it."""

from __future__ import annotations

import argparse

from export.commands.arguments import Commands, add_command


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "publish",
        run,
        "put a finished version where a model server finds it",
        "Copies a SavedModel to a folder of versions, here or far away, under the next free "
        "number. Its files' checksums are recorded and read back. The version appears all at "
        "once; on object stores, which have no rename, with what makes it a version last. "
        "Whatever fails, nothing half-made is served, and the next run clears it away.",
    )
    parser.add_argument("source", metavar="VERSION", help="a version's folder, or its URL")
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="the model's folder or URL: models/digits, s3://bucket/models/digits, ...",
    )
    parser.add_argument(
        "--version", type=int, metavar="N", help="the version's number (default: the next)"
    )


def run(options: argparse.Namespace) -> None:
    """Publishes. Raises ExportError."""
    from export.commands.progress import Bars
    from export.publishing.publish import publish

    with Bars() as bars:
        done = publish(options.source, options.target, options.version, bars)
    size = done.manifest.size / 1e6
    print(f"published   {done.place} ({len(done.manifest.files)} files, {size:.1f} MB)")
