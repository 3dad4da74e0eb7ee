"""Evaluate a network on digits that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from demomodel import dataset, scoring, source
from demomodel.network import Detector
from export.serving.signatures import Servable

HELD_OUT = dataset.Plan("held-out", 0, 1000)
LETTERS = dataset.Plan("letters", 0, 500)
CLUTTER = dataset.Plan("clutter", 0, 500)
SCORE = 0.5
"""The score from which a box counts for recall, precision and false boxes."""

_BATCH = 16


@dataclass(frozen=True)
class Score:
    """How well digits are detected.

    ``mean``, ``by_class``: average precision at an overlap of 0.5, in 0..1.
    ``recall``, ``precision``: at a score of 0.5.
    ``false_letters``, ``false_clutter``: boxes with a score of at least 0.5 per image without
    digits: full of letters, which often resemble digits, or with neither.
    """

    mean: float
    by_class: tuple[float, ...]
    recall: float
    precision: float
    false_letters: float
    false_clutter: float


def score(network: Detector, cache: Path, progress: dataset.Progress) -> Score:
    """Score the network on scenes in fonts that training never saw. This folds the network."""
    servable = source.servable(network)
    tally = scoring.Tally()
    held_out = dataset.load(HELD_OUT, cache, progress)
    for index, detections in enumerate(_detections(servable, held_out.pictures)):
        labels = held_out.labels[index]
        tally.add(detections, held_out.boxes[index][labels >= 0], labels[labels >= 0])
    by_class = tally.average_precision()
    false = [_false_boxes(servable, plan, cache, progress) for plan in (LETTERS, CLUTTER)]
    return Score(float(np.mean(by_class)), tuple(by_class), *tally.at(SCORE), *false)


def _false_boxes(
    servable: Servable, plan: dataset.Plan, cache: Path, progress: dataset.Progress
) -> float:
    pictures = dataset.load(plan, cache, progress).pictures
    boxes = sum(int((one.scores >= SCORE).sum()) for one in _detections(servable, pictures))
    return boxes / plan.count


def _detections(servable: Servable, pictures: np.ndarray) -> Iterator[scoring.Detections]:
    for start in range(0, len(pictures), _BATCH):
        outputs = servable.from_pixels(tf.constant(pictures[start : start + _BATCH]))
        yield from scoring.unpack({name: value.numpy() for name, value in outputs.items()})
