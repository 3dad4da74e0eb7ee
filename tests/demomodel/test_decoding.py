"""Decode the network's grid to boxes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from demomodel import decoding, scoring
from demomodel.network import CELLS, STRIDE
from export.tasks.suppression import suppress


def greedy(boxes: np.ndarray, eligible: np.ndarray) -> list[bool]:
    """Apply textbook non-maximum suppression to one image."""
    kept: list[int] = []
    table = scoring.overlaps(boxes, boxes)
    for index in range(len(boxes)):
        if eligible[index] and all(table[index, k] <= decoding.MAX_OVERLAP for k in kept):
            kept.append(index)
    return [index in kept for index in range(len(boxes))]


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5])
def test_batched_suppression_agrees_with_greedy_suppression(spread: float) -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, spread, (4, 60, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0.05, 0.3, (4, 60, 2))], axis=-1)
    eligible = rng.random((4, 60)) < 0.9
    found = suppress(
        tf.constant(boxes, tf.float32), tf.constant(eligible), decoding.MAX_OVERLAP
    ).numpy()
    for picture in range(4):
        assert found[picture].tolist() == greedy(boxes[picture], eligible[picture])


def grid(*digits: tuple[int, int, int, float]) -> tuple[tf.Tensor, tf.Tensor]:
    """Return outputs in which cells (row, column) see a digit of 32x32 pixels."""
    logits = np.full((1, CELLS, CELLS, 10), -9.0, np.float32)
    for row, column, label, logit in digits:
        logits[0, row, column, label] = logit
    return tf.constant(logits), tf.fill([1, CELLS, CELLS, 4], 16.0)


def test_a_cell_gives_box_class_and_score() -> None:
    outputs = decoding.detect(*grid((10, 4, 7, 2.0)))
    middle = (np.array([10, 4]) + 0.5) * STRIDE / 192
    expected = np.concatenate([middle - 16 / 192, middle + 16 / 192])
    assert outputs["num_detections"].numpy().tolist() == [1.0]
    assert outputs["detection_boxes"][0, 0].numpy() == pytest.approx(expected)
    assert float(outputs["detection_classes"][0, 0]) == 7.0
    assert float(outputs["detection_scores"][0, 0]) == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_detections_are_sorted_and_padded_with_zeros() -> None:
    outputs = decoding.detect(*grid((2, 2, 1, 0.0), (12, 12, 2, 3.0), (20, 20, 3, 1.0)))
    assert outputs["detection_classes"][0, :4].numpy().tolist() == [2.0, 3.0, 1.0, 0.0]
    assert not outputs["detection_scores"][0, 3:].numpy().any()
    assert not outputs["detection_boxes"][0, 3:].numpy().any()


def test_neighboring_cells_give_one_box_for_one_digit() -> None:
    outputs = decoding.detect(*grid((10, 10, 8, 1.0), (10, 11, 8, 2.0), (11, 11, 8, 0.5)))
    assert outputs["num_detections"].numpy().tolist() == [1.0]
    assert float(outputs["detection_classes"][0, 0]) == 8.0


def test_a_digit_that_could_be_either_of_two_is_answered_as_both() -> None:
    outputs = decoding.detect(*grid((10, 10, 1, 0.5), (10, 10, 7, -1.0)))
    assert outputs["num_detections"].numpy().tolist() == [2.0]
    assert outputs["detection_classes"][0, :2].numpy().tolist() == [1.0, 7.0]
    boxes = outputs["detection_boxes"][0].numpy()
    assert boxes[0].tolist() == boxes[1].tolist()


def test_an_empty_image_gives_no_detections() -> None:
    outputs = decoding.detect(*grid())
    assert outputs["num_detections"].numpy().tolist() == [0.0]
    assert not any(value.numpy().any() for value in outputs.values())


def test_an_empty_batch() -> None:
    logits, distances = grid()
    outputs = decoding.detect(logits[:0], distances[:0])
    assert outputs["detection_boxes"].shape == (0, decoding.MAX_BOXES, 4)
