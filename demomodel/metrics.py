"""The metrics of a checkpoint: measure, store as JSON and print them."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import tensorflow as tf

from demomodel import benchmark, dataset, evaluation, families, weights
from demomodel.recipe import Recipe
from export.sources.checkpoints import Checkpoint

FILE = "metrics.json"

Metrics = dict[str, Any]


def measure(checkpoint: Checkpoint, cache: Path, progress: dataset.Progress) -> Metrics:
    """Measure the accuracy and speed of a checkpoint. Raise ``ExportError``."""
    network = weights.restore(checkpoint)
    parameters = network.parameters()
    score = evaluation.score(network, cache, progress)
    return {
        "sha256": checkpoint.digest(),
        "parameters": parameters,
        "map_50": round(score.mean, 4),
        "average_precision_50": {str(i): round(v, 4) for i, v in enumerate(score.by_class)},
        "recall_at_0.5": round(score.recall, 4),
        "precision_at_0.5": round(score.precision, 4),
        "false_boxes_per_picture": {
            "letters": round(score.false_letters, 4),
            "clutter": round(score.false_clutter, 4),
        },
        "scenes": {
            "held_out": evaluation.HELD_OUT.count,
            "letters": evaluation.LETTERS.count,
            "clutter": evaluation.CLUTTER.count,
        },
        "speed": benchmark.measure(checkpoint),
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
            "pillow": PIL.__version__,
        },
    }


def provenance(
    recipe: Recipe, command: str, rendering: float, training: float, start: str | None
) -> Metrics:
    """Return how a checkpoint was made: command, recipe, durations in seconds, fonts.

    ``start``: the digest of the checkpoint that training began with, if any.
    """
    return {
        "command": command,
        "start": start,
        "recipe": asdict(recipe),
        "seconds": {"rendering": round(rendering), "training": round(training)},
        "fonts": {
            "training": [family.name for family in families.TRAINING] + ["Pillow's own"],
            "held_out": [family.name for family in families.HELD_OUT],
        },
    }


def write(metrics: Metrics, folder: Path) -> None:
    """Write the metrics beside the checkpoint in ``folder``."""
    (folder / FILE).write_text(json.dumps(metrics, indent=2, ensure_ascii=False) + "\n", "utf-8")


def other_lines(score: evaluation.OtherScore) -> Iterable[str]:
    """Yield a score on scenes from elsewhere, as text."""
    if score.scenes:
        yield f"mAP@0.5         {score.mean:.3f}  ({score.scenes} scenes)"
        yield f"at score 0.5    {score.recall:.1%} of the digits detected,"
        yield f"                {score.precision:.1%} of the boxes correct"
    if score.empty:
        yield f"false boxes     {score.false_boxes} in {score.empty} scenes without digits"


def lines(metrics: Metrics) -> Iterable[str]:
    """Yield the metrics as lines of text."""
    scenes, measured = metrics["scenes"], metrics["speed"]
    yield f"parameters      {metrics['parameters']:,}"
    yield f"mAP@0.5         {metrics['map_50']:.3f}  ({scenes['held_out']} scenes, unseen fonts)"
    by_class = metrics["average_precision_50"].items()
    yield "  by class      " + "  ".join(f"{label} {value:.3f}" for label, value in by_class)
    yield f"at score 0.5    {metrics['recall_at_0.5']:.1%} of the digits detected,"
    yield f"                {metrics['precision_at_0.5']:.1%} of the boxes correct"
    false = metrics["false_boxes_per_picture"]
    yield f"false boxes     {false['clutter']:.3f} per image without digits and letters"
    yield f"                {false['letters']:.3f} per image without digits, full of letters"
    yield f"speed           on {measured['cores']} cores, {measured['calls']} concurrent calls"
    for kind, rates in measured["images_per_second"].items():
        by_batch = ", ".join(f"{rate} at batch {n}" for n, rate in rates.items())
        yield f"  {kind:<14}images/s: {by_batch}; alone {measured['alone_ms'][kind]} ms"
