"""``train``: train the demo model."""

from __future__ import annotations

import argparse
from pathlib import Path

from demomodel import CHECKPOINT, fonts
from demomodel.recipe import Recipe
from export.commands.arguments import add_cache, positive
from export.commands.loading import load_tensorflow
from export.commands.parser import Commands, add_command

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
        "--output",
        type=Path,
        default=CHECKPOINT,
        metavar="FOLDER",
        help="where to write the checkpoint (default: the demo model's own)",
    )
    add_cache(parser)


def run(options: argparse.Namespace) -> None:
    """Train. Raise ``ExportError``."""
    # Find out about missing fonts now, not after an hour of training.
    fonts.training_faces()
    fonts.held_out_faces()
    load_tensorflow()
    from demomodel import dataset, metrics
    from demomodel.run import train
    from export.commands.progress import ProgressBars

    recipe = Recipe(options.seed, options.steps, options.scenes)
    with ProgressBars() as bars:
        prefix, measured = train(
            recipe, options.output, options.cache or dataset.cache_folder(), _command(recipe), bars
        )
    print(*metrics.lines(measured), sep="\n")
    print(f"checkpoint      {prefix}")


def _command(recipe: Recipe) -> str:
    """Return the command that repeats the run."""
    command = f"python -m export train --seed {recipe.seed}"
    if (recipe.steps, recipe.scenes) != (Recipe().steps, Recipe().scenes):
        command += f" --steps {recipe.steps} --scenes {recipe.scenes}"
    return command
