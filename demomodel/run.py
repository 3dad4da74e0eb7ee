"""A complete training run: render scenes, train, save the checkpoint and measure it."""

from __future__ import annotations

import time
from pathlib import Path

from demomodel import dataset, metrics, training, weights
from demomodel.calibration import calibrate
from demomodel.dataset import Progress
from demomodel.metrics import Metrics
from demomodel.recipe import Recipe
from export.sources import checkpoints
from export.sources.checkpoints import Checkpoint

_EMPTY = 500
"""Scenes for calibration."""


def train(
    recipe: Recipe,
    output: Path,
    cache: Path,
    command: str,
    progress: Progress,
    start: Checkpoint | None = None,
) -> tuple[Path, Metrics]:
    """Train the demo model and write its checkpoint and metrics to ``output``.

    ``command``: the command that repeats the run, for the metrics. ``start``: the checkpoint to
    begin with; by default the weights are random. Return the checkpoint's prefix
    and its metrics. Raise ``ExportError``.
    """
    prefix = output / checkpoints.WEIGHTS
    began = time.monotonic()
    scenes = dataset.load(dataset.Plan("training", recipe.seed, recipe.scenes), cache, progress)
    rendering = time.monotonic() - began
    state = cache / _state_name(recipe, start)
    before = weights.restore(start) if start else None
    digest = start.digest() if start else None
    network, seconds = training.train(recipe, scenes, state, progress, before)
    empty = dataset.load(dataset.Plan("calibration", recipe.seed, _EMPTY), cache, progress)
    calibrate(network, empty.pictures)
    (output / metrics.FILE).unlink(missing_ok=True)
    weights.save(network, prefix)
    measured = metrics.provenance(recipe, command, rendering, seconds, digest)
    measured |= metrics.measure(checkpoints.find(prefix), cache, progress)
    metrics.write(measured, output)
    return prefix, measured


def _state_name(recipe: Recipe, start: Checkpoint | None) -> str:
    name = f"training-{recipe.seed}-{recipe.steps}-{recipe.scenes}-{recipe.rate}"
    return f"{name}-{start.digest()[:12]}" if start else name
