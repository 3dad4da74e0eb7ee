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
    tally = _tally(servable, dataset.load(HELD_OUT, cache, progress))
    by_class = tally.average_precision()
    false = [
        _false_boxes(servable, dataset.load(plan, cache, progress).pictures)
        for plan in (LETTERS, CLUTTER)
    ]
    return Score(float(np.mean(by_class)), tuple(by_class), *tally.at(SCORE), *false)


@dataclass(frozen=True)
class OtherScore:
    """How well digits are detected in scenes that another program rendered.

    ``mean``, ``recall`` and ``precision`` are as in :class:`Score`, over the ``scenes`` that have
    digits; NaN if none has. ``false_boxes``: boxes with a score of at least 0.5 in the ``empty``
    scenes, which have none.
    """

    scenes: int
    mean: float
    recall: float
    precision: float
    empty: int
    false_boxes: int


def score_others(network: Detector, scenes: dataset.Scenes) -> OtherScore:
    """Score the network on scenes from elsewhere. This folds the network."""
    servable = source.servable(network)
    filled = (scenes.labels >= 0).any(axis=1)
    tally = _tally(
        servable,
        dataset.Scenes(scenes.pictures[filled], scenes.boxes[filled], scenes.labels[filled]),
    )
    present = [value for value in tally.average_precision() if not np.isnan(value)]
    mean = float(np.mean(present)) if present else float("nan")
    empty = scenes.pictures[~filled]
    false = round(_false_boxes(servable, empty) * len(empty)) if len(empty) else 0
    return OtherScore(int(filled.sum()), mean, *tally.at(SCORE), len(empty), false)


def _tally(servable: Servable, scenes: dataset.Scenes) -> scoring.Tally:
    tally = scoring.Tally()
    for index, detections in enumerate(_detections(servable, scenes.pictures)):
        labels = scenes.labels[index]
        tally.add(detections, scenes.boxes[index][labels >= 0], labels[labels >= 0])
    return tally


def _false_boxes(servable: Servable, pictures: np.ndarray) -> float:
    """Return the boxes per picture, none of which shows a digit."""
    boxes = sum(int((one.scores >= SCORE).sum()) for one in _detections(servable, pictures))
    return boxes / len(pictures)


def _detections(servable: Servable, pictures: np.ndarray) -> Iterator[scoring.Detections]:
    for start in range(0, len(pictures), _BATCH):
        outputs = servable.from_pixels(tf.constant(pictures[start : start + _BATCH]))
        yield from scoring.unpack({name: value.numpy() for name, value in outputs.items()})
