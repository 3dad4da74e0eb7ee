"""``publish``: copy a finished version to where model servers find it."""

from __future__ import annotations

import argparse

from export.commands.parser import Commands, add_command

SUMMARY = "copy a finished version to a model repository"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "publish",
        run,
        SUMMARY,
        "Copy a SavedModel to a model's directory, local or remote, under the next free number. "
        "Checksums are recorded and verified by reading the files back. The version appears "
        "atomically; on object stores, which have no rename, the file that makes it a version "
        "comes last. If anything fails, no partial version is served, and the next run cleans up.",
        """
        %(prog)s build/mymodel/1 models/mymodel
        %(prog)s build/mymodel/1 s3://bucket/models/mymodel
        """,
    )
    parser.add_argument("source", metavar="VERSION", help="the version's directory or URL")
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="the model's directory or URL: models/digits, s3://bucket/models/digits, ...",
    )
    parser.add_argument(
        "--version", type=int, metavar="N", help="the version's number (default: the next one)"
    )


def run(options: argparse.Namespace) -> None:
    """Publish the version. Raise ``ExportError``."""
    from export.commands.progress import ProgressBars
    from export.publishing.publish import publish

    with ProgressBars() as bars:
        published = publish(options.source, options.target, options.version, bars)
    files, size = len(published.manifest.files), published.manifest.size / 1e6
    print(f"published   {published.location} ({files} files, {size:.1f} MB)")
