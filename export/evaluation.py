"""The figures of a checkpoint: how well it finds digits, and how fast."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from export import dataset, scoring
from export.detection import detect
from export.network import INPUT_SIZE, Detector, Tensor

SHOWN = 0.5
"""The score from which a box on a picture without digits counts as false."""


@dataclass(frozen=True)
class Score:
    """mean and by_class: average precision at an overlap of 0.5; false_boxes: for each picture
    without digits, the boxes above a score of 0.5."""

    mean: float
    by_class: tuple[float, ...]
    false_boxes: float
    scenes: int
    empty_scenes: int


class Runner:
    """A network with its boxes, compiled for batches of uint8 pictures."""

    def __init__(self, network: Detector) -> None:
        self.network = network

    @tf.function(reduce_retracing=True)
    def __call__(self, pictures: Tensor) -> dict[str, Tensor]:
        return detect(*self.network(tf.cast(pictures, tf.float32)))


def score(network: Detector, cache: Path, scenes: int = 1000, empty: int = 500) -> Score:
    """Scores the network on scenes in fonts that it was not trained on."""
    run = Runner(network)
    held_out = dataset.load(dataset.Plan("held-out", 0, 1000), cache, _silent)
    without = dataset.load(dataset.Plan("empty", 0, 500), cache, _silent)
    tally = scoring.Tally()
    for start in range(0, scenes, 16):
        part = slice(start, start + 16)
        found = scoring.unpack(_run(run, held_out.pictures[part]))
        for one, boxes, labels in zip(
            found, held_out.boxes[part], held_out.labels[part], strict=True
        ):
            tally.add(one, boxes[labels >= 0], labels[labels >= 0])
    false = sum(
        int((_run(run, without.pictures[s : s + 16])["detection_scores"] >= SHOWN).sum())
        for s in range(0, empty, 16)
    )
    by_class = tally.average_precision()
    return Score(float(np.mean(by_class)), tuple(by_class), false / empty, scenes, empty)


def images_per_second(network: Detector, batch: int, seconds: float = 3.0) -> float:
    """How many pictures a second the network answers at that batch size, boxes included."""
    run = Runner(network)
    noise = np.random.default_rng(0).integers(0, 256, (batch, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    pictures = tf.constant(noise)
    for _ in range(3):
        run(pictures)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        run(pictures)["num_detections"].numpy()
        done += batch
    return done / (time.perf_counter() - began)


def _run(run: Runner, pictures: np.ndarray) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in run(tf.constant(pictures)).items()}


def _silent(done: int, wanted: int) -> None:
    return None
