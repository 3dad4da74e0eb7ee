"""A complete training run: render scenes, train, save the checkpoint and measure it."""

from __future__ import annotations

import time
from pathlib import Path

from demomodel import dataset, metrics, training, weights
from demomodel.dataset import Progress
from demomodel.metrics import Metrics
from demomodel.recipe import Recipe
from export.sources import checkpoints


def train(
    recipe: Recipe, output: Path, cache: Path, command: str, progress: Progress
) -> tuple[Path, Metrics]:
    """Train the demo model and write its checkpoint and metrics to ``output``.

    ``command``: the command that repeats the run, for the metrics. Return the checkpoint's prefix
    and its metrics. Raise ``ExportError``.
    """
    prefix = output / checkpoints.WEIGHTS
    began = time.monotonic()
    scenes = dataset.load(dataset.Plan("training", recipe.seed, recipe.scenes), cache, progress)
    rendering = time.monotonic() - began
    state = cache / f"training-{recipe.seed}-{recipe.steps}-{recipe.scenes}"
    network, seconds = training.train(recipe, scenes, state, progress)
    (output / metrics.FILE).unlink(missing_ok=True)
    weights.save(network, prefix)
    measured = metrics.provenance(recipe, command, rendering, seconds)
    measured |= metrics.measure(checkpoints.find(prefix), cache, progress)
    metrics.write(measured, output)
    return prefix, measured
