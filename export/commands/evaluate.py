"""`evaluate`: the figures of a checkpoint."""

from __future__ import annotations

import argparse

from export.commands.arguments import Commands, add_cache, add_checkpoint, add_command
from export.commands.loading import load_tensorflow
from export.sources import checkpoints as checkpoint


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "evaluate",
        run,
        "print the figures of a checkpoint",
        "Scores a checkpoint on scenes in fonts that training never saw (mAP at an overlap of "
        "0.5), counts false boxes on scenes without digits, and measures its speed.",
    )
    add_checkpoint(parser)
    add_cache(parser)


def run(options: argparse.Namespace) -> None:
    """Prints the figures. Raises ExportError."""
    found = checkpoint.find(options.checkpoint)
    load_tensorflow()
    from demomodel import dataset, metrics
    from export.commands.progress import Bars

    with Bars() as bars:
        figures = metrics.measure(found, options.cache or dataset.cache_folder(), bars)
    print(*metrics.lines(figures), sep="\n")
