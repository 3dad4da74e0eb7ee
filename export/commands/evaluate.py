"""``evaluate``: measure a checkpoint of the demo model."""

from __future__ import annotations

import argparse
from pathlib import Path

from export.commands.arguments import add_cache, add_checkpoint
from export.commands.loading import load_tensorflow
from export.commands.parser import Commands, add_command
from export.sources import checkpoints

SUMMARY = "measure the accuracy and speed of a demo model checkpoint"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "evaluate",
        run,
        SUMMARY,
        "Score a checkpoint on scenes in fonts that training never saw (mAP at an overlap of "
        "0.5), count false boxes on scenes without digits, and measure its speed.",
        """
        %(prog)s
        %(prog)s --checkpoint my/run
        %(prog)s --scenes scenes.npz
        """,
        page="docs/model-contract.md",
    )
    parser.add_argument(
        "--scenes",
        type=Path,
        metavar="FILE",
        help="score on these scenes only: an .npz file as tests/demomodel/second_renderer.py "
        "writes it",
    )
    add_checkpoint(parser)
    add_cache(parser)


def run(options: argparse.Namespace) -> None:
    """Print the metrics. Raise ``ExportError``."""
    checkpoint = checkpoints.find(options.checkpoint)
    load_tensorflow()
    if options.scenes is not None:
        _score_others(checkpoint, options.scenes)
        return
    from demomodel import dataset, metrics
    from export.commands.progress import ProgressBars

    with ProgressBars() as bars:
        measured = metrics.measure(checkpoint, options.cache or dataset.cache_folder(), bars)
    print(*metrics.lines(measured), sep="\n")


def _score_others(checkpoint: checkpoints.Checkpoint, path: Path) -> None:
    from demomodel import dataset, evaluation, metrics, weights

    scenes = dataset.read(path)
    score = evaluation.score_others(weights.restore(checkpoint), scenes)
    print(*metrics.other_lines(score), sep="\n")
