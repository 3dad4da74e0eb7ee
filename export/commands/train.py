"""``train``: train the demo model."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from demomodel import CHECKPOINT, fonts
from demomodel.recipe import Recipe
from export.commands.arguments import add_cache, fraction, positive
from export.commands.loading import load_tensorflow
from export.commands.parser import Commands, add_command
from export.errors import SourceError
from export.sources import checkpoints

SUMMARY = "train the demo model"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "train",
        run,
        SUMMARY,
        "Render scenes of printed digits, train the detector on them, and write its averaged "
        "weights as a TensorFlow checkpoint with its metrics. An interrupted run resumes when the "
        "same command is given again.",
        "%(prog)s --seed 2 --output my/run",
        page="docs/model-contract.md",
    )
    default = Recipe()
    for name, meaning in (
        ("seed", "the seed of everything random"),
        ("steps", f"training steps, each on {default.batch} scenes"),
        ("scenes", "scenes to render beforehand"),
    ):
        value = getattr(default, name)
        help_text = f"{meaning} (default: {value})"
        parser.add_argument(f"--{name}", type=positive, default=value, metavar="N", help=help_text)
    parser.add_argument(
        "--rate",
        type=fraction,
        default=default.rate,
        metavar="R",
        help=f"the peak learning rate (default: {default.rate})",
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="CHECKPOINT",
        help="begin with the weights of this checkpoint, and train all but the first two layers "
        "(default: begin with random weights)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=CHECKPOINT,
        metavar="FOLDER",
        help="where to write the checkpoint (default: the demo model's own)",
    )
    add_cache(parser)


def run(options: argparse.Namespace) -> None:
    """Train. Raise ``ExportError``."""
    # Find out about these now, not after an hour of training.
    _check_writable(options.output)
    fonts.training_faces()
    fonts.held_out_faces()
    load_tensorflow()
    from demomodel import dataset, metrics
    from demomodel.run import train
    from export.commands.progress import ProgressBars

    start = checkpoints.find(options.start) if options.start else None
    recipe = Recipe(options.seed, options.steps, options.scenes, rate=options.rate)
    with ProgressBars() as bars:
        prefix, measured = train(
            recipe,
            options.output,
            options.cache or dataset.cache_folder(),
            _command(recipe, options.start),
            bars,
            start,
        )
    print(*metrics.lines(measured), sep="\n")
    print(f"checkpoint      {prefix}")


def _check_writable(folder: Path) -> None:
    """Raise ``SourceError`` if the checkpoint could not be written in the end."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SourceError(f"cannot write {folder}: {error.strerror}") from None


def _command(recipe: Recipe, start: Path | None) -> str:
    """Return the command that repeats the run."""
    command = f"python -m export train --seed {recipe.seed}"
    for name in ("steps", "scenes", "rate"):
        if getattr(recipe, name) != getattr(Recipe(), name):
            command += f" --{name} {getattr(recipe, name)}"
    return f"{command} --start {start}" if start else command
