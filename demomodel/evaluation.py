"""How well a checkpoint finds digits that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from demomodel import dataset, scoring
from demomodel import source as digits
from demomodel.network import Detector
from export.serving.signatures import Servable

HELD_OUT = dataset.Plan("held-out", 0, 1000)
LETTERS = dataset.Plan("letters", 0, 500)
CLUTTER = dataset.Plan("clutter", 0, 500)
SHOWN = 0.5
"""The score from which a box on a picture without digits counts as false."""

_BATCH = 16


@dataclass(frozen=True)
class Score:
    """How well digits are found.

    mean, by_class: average precision at an overlap of 0.5, 0..1.
    found, right: at a score of 0.5, the part of the digits that is found, and the part of the
    boxes that is right.
    false_letters, false_clutter: boxes above a score of 0.5 for each picture without digits; full
    of letters that often look like digits, and with neither.
    """

    mean: float
    by_class: tuple[float, ...]
    found: float
    right: float
    false_letters: float
    false_clutter: float


def score(network: Detector, cache: Path, progress: dataset.Progress) -> Score:
    """Scores the network, which is folded by it, on scenes in fonts that training never saw."""
    servable = digits.servable(network)
    tally = scoring.Tally()
    held_out = dataset.load(HELD_OUT, cache, progress)
    for index, answer in enumerate(_answers(servable, held_out.pictures)):
        labels = held_out.labels[index]
        tally.add(answer, held_out.boxes[index][labels >= 0], labels[labels >= 0])
    by_class = tally.average_precision()
    false = [_false_boxes(servable, plan, cache, progress) for plan in (LETTERS, CLUTTER)]
    return Score(float(np.mean(by_class)), tuple(by_class), *tally.at(SHOWN), *false)


def _false_boxes(
    servable: Servable, plan: dataset.Plan, cache: Path, progress: dataset.Progress
) -> float:
    pictures = dataset.load(plan, cache, progress).pictures
    boxes = sum(int((found.scores >= SHOWN).sum()) for found in _answers(servable, pictures))
    return boxes / plan.count


def _answers(servable: Servable, pictures: np.ndarray) -> Iterator[scoring.Found]:
    for start in range(0, len(pictures), _BATCH):
        outputs = servable.from_pixels(tf.constant(pictures[start : start + _BATCH]))
        yield from scoring.unpack({name: value.numpy() for name, value in outputs.items()})
