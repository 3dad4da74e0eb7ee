"""What `train` and `evaluate` do, step by step."""

from __future__ import annotations

import time
from pathlib import Path

from export import checkpoint, dataset, metrics, training, weights
from export.bars import Bars
from export.recipe import Recipe


def train(recipe: Recipe, output: Path, cache: Path | None, command: str) -> None:
    """Trains the demo model and leaves its checkpoint and its figures in `output`.

    command: how to do it again, for the figures. Raises ExportError.
    """
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


def evaluate(place: Path, cache: Path | None) -> None:
    """Prints the figures of the checkpoint at `place`. Raises ExportError."""
    found = checkpoint.find(place)
    with Bars() as bars:
        figures = metrics.measure(found, cache or dataset.cache_folder(), bars)
    print(*metrics.lines(figures), sep="\n")
