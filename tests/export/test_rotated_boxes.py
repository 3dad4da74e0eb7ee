"""Rotated boxes: how much they overlap, and which of them suppress one another."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from export.contract import BOXES, CLASSES, CORNERS, COUNT, SCORES
from export.detectors.decoder import Candidates
from export.detectors.nms import Limits, suppress
from export.tasks.corners import around, corners_iou
from export.tasks.selection import select_task
from export.tasks.suppression import Suppression
from export.tasks.task import TaskOptions
from framewire.agreement.corners import corners_iou as clipped_iou
from tests.export.detectors import reference

RANDOM = np.random.default_rng(5)
SIZE = (64, 96)
SURE = np.array([0.9, 0.8, 0.7], np.float32)


def rectangle(x: float, y: float, width: float, height: float, angle: float) -> np.ndarray:
    return reference.corners(np.array([x, y, width, height]), angle, 96, 64)


def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(300):
        x, y, width, height = RANDOM.uniform([30, 20, 2, 2], [66, 44, 60, 40], (2, 4)).T
        angles = RANDOM.uniform(-4, 4, 2)
        one, other = (rectangle(x[i], y[i], width[i], height[i], angles[i]) for i in (0, 1))
        yield one, other[:: RANDOM.choice([1, -1])]  # around the box in either direction


def iou(one: np.ndarray, other: np.ndarray) -> float:
    [found] = corners_iou(tf.constant(one[None], tf.float32), tf.constant(other[None], tf.float32))
    return float(found)


def test_overlaps_are_those_of_clipped_polygons() -> None:
    ones, others = (np.stack(some).astype(np.float32) for some in zip(*pairs(), strict=True))
    expected = [
        clipped_iou(a.ravel().tolist(), b.ravel().tolist())
        for a, b in zip(ones, others, strict=True)
    ]
    assert sum(one > 0.3 for one in expected) > 20
    assert np.abs(corners_iou(tf.constant(ones), tf.constant(others)) - expected).max() < 1e-4


@pytest.mark.parametrize("angle", [0.0, 0.7, math.pi / 2])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1.0),
        ({"width": 10.0}, 0.5),  # one inside the other, with common sides
        ({"width": 0.0}, 0.0),
        ({"angle": math.pi}, 1.0),
        ({"x": 148.0}, 0.0),
    ],
)
def test_sides_may_coincide(changes: dict[str, float], expected: float, angle: float) -> None:
    place = {"x": 48.0, "y": 32.0, "width": 20.0, "height": 4.0, "angle": 0.0}
    changed = {**place, **changes}
    one = rectangle(**{**place, "angle": angle})
    other = rectangle(**{**changed, "angle": changed["angle"] + angle})
    assert iou(one, other) == pytest.approx(expected, abs=1e-4)
    assert iou(other, one) == pytest.approx(expected, abs=1e-4)


def planks() -> np.ndarray:
    """Return two thin things side by side at an angle, and the first again: ``[1, 3, 4, 2]``."""
    centers = ((46, 32), (50, 28), (46.2, 32.2))
    places = [rectangle(x, y, 40.0, 4.0, math.pi / 4) for x, y in centers]
    return np.stack(places)[None].astype(np.float32)


def test_things_side_by_side_at_an_angle_are_both_kept() -> None:
    places = tf.constant(planks())
    upright, scores = around(places), tf.constant([SURE])
    suppression = Suppression(0.3, 0.05, 3)
    assert suppression(upright, scores, None)[COUNT] == 1
    found, rows = suppression.with_rows(upright, scores, None, places)
    assert (found[COUNT], rows[0, :2].numpy().tolist()) == (2, [0, 1])


@pytest.mark.parametrize(("agnostic", "kept"), [(False, [0, 1, 2]), (True, [0, 1])])
def test_a_box_of_another_class(agnostic: bool, kept: list[int]) -> None:
    places = tf.constant(planks())
    scores = tf.constant([[[0.9, 0.0], [0.8, 0.0], [0.0, 0.7]]])
    candidates = Candidates(around(places), scores, corners=places)
    found = suppress(candidates, Limits(0.3, agnostic=agnostic, max_boxes=3))
    assert found.counts == len(kept)
    assert found.scores[0].numpy().tolist()[: len(kept)] == [float(SURE[row]) for row in kept]
    corners = found.corners(candidates)[0].numpy()
    assert (corners[: len(kept)] == planks()[0, kept]).all()
    assert not corners[len(kept) :].any()


def test_a_models_own_rotated_boxes() -> None:
    """``--nms`` for a model that returns corners."""
    places = planks()
    outputs = {
        BOXES: around(tf.constant(places)).numpy(),
        SCORES: SURE[None],
        CLASSES: np.ones((1, 3), np.float32),
        CORNERS: places,
    }
    task = select_task(outputs, TaskOptions(suppress=True, max_overlap=0.3, max_boxes=3))
    found = task({name: tf.constant(value) for name, value in outputs.items()}, tf.constant(SIZE))
    assert found[COUNT] == 2
    assert (found[CORNERS][0, :2] == places[0, :2]).numpy().all()
