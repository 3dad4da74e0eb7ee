"""`train`: the demo model's training, from scenes to a checkpoint with its figures."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from demomodel import CHECKPOINT, fonts
from demomodel.recipe import Recipe
from export.commands.arguments import Commands, add_cache, add_command, positive
from export.commands.loading import load_tensorflow
from export.sources import checkpoints as checkpoint


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "train",
        run,
        "train the demo model",
        "Renders scenes of printed digits, trains the detector on them, and writes its averaged "
        "weights as a TensorFlow checkpoint with its figures beside it. A run that was stopped "
        "goes on where it was when the same command is given again.",
    )
    default = Recipe()
    for name, meaning in (
        ("seed", "decides everything that is left to chance"),
        ("steps", f"batches of {default.batch} scenes to learn from"),
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
        help="where the checkpoint goes (default: the demo model's own)",
    )
    add_cache(parser)


def run(options: argparse.Namespace) -> None:
    """Trains. Raises ExportError."""
    fonts.training_faces()
    fonts.held_out_faces()
    load_tensorflow()
    recipe = Recipe(options.seed, options.steps, options.scenes)
    again = f"python -m export train --seed {recipe.seed}"
    if (recipe.steps, recipe.scenes) != (Recipe().steps, Recipe().scenes):
        again += f" --steps {recipe.steps} --scenes {recipe.scenes}"
    train(recipe, options.output, options.cache, again)


def train(recipe: Recipe, output: Path, cache: Path | None, command: str) -> None:
    """Trains the demo model and leaves its checkpoint and its figures in `output`.

    command: how to do it again, for the figures. Raises ExportError.
    """
    from demomodel import dataset, metrics, training, weights
    from export.commands.progress import Bars

    cache = cache or dataset.cache_folder()
    plan = dataset.Plan("training", recipe.seed, recipe.scenes)
    with Bars() as bars:
        began = time.monotonic()
        scenes = dataset.load(plan, cache, bars)
        rendering = time.monotonic() - began
        folder = cache / f"training-{recipe.seed}-{recipe.steps}-{recipe.scenes}"
        network, seconds = training.train(recipe, scenes, folder, bars)
        (output / metrics.FILE).unlink(missing_ok=True)
        weights.save(network, output / checkpoint.STEM)
        figures = metrics.origin(recipe, command, rendering, seconds)
        figures |= metrics.measure(checkpoint.find(output), cache, bars)
    metrics.write(figures, output)
    print(*metrics.lines(figures), sep="\n")
    print(f"checkpoint      {output / checkpoint.STEM}")
