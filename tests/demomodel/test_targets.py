"""Targets and loss: which cells are assigned to which digit, and what a mistake costs."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from demomodel.augmentation import augment
from demomodel.loss import NOTHING, UNCERTAIN, Targets, Truth, assign, loss
from demomodel.network import CELLS


def truth(*digits: tuple[float, float, float, float, int]) -> Truth:
    """Return one image with these boxes (ymin, xmin, ymax, xmax in pixels) and labels."""
    boxes, labels = np.zeros((1, 6, 4), np.float32), np.full((1, 6), NOTHING, np.int32)
    for index, (*box, label) in enumerate(digits):
        boxes[0, index], labels[0, index] = np.array(box) / 192, label
    return Truth(tf.constant(boxes), tf.constant(labels))


def cell(targets: Targets, row: int, column: int) -> list[int]:
    """Return the labels that are assigned to the cell: one or none."""
    flat = targets.classes.numpy().reshape(CELLS, CELLS, 10)
    return flat[row, column].nonzero()[0].tolist()


def test_cells_around_the_center_are_assigned() -> None:
    targets = assign(truth((40, 60, 100, 100, 5)))
    assert cell(targets, 70 // 8, 80 // 8) == [5]
    assert cell(targets, 70 // 8, 20) == []
    assert 4 <= targets.positive.numpy().sum() <= 12


def test_even_the_thinnest_digit_has_a_cell() -> None:
    targets = assign(truth((40, 61, 70, 65, 1), (40, 69, 70, 73, 7), (100, 100, 123, 107, 3)))
    answered = targets.classes.numpy().sum(axis=1)[0]
    assert answered[1] >= 1
    assert answered[7] >= 1
    assert answered[3] >= 1


def test_a_cell_belongs_to_the_closer_digit() -> None:
    targets = assign(truth((40, 40, 70, 56, 2), (40, 56, 70, 72, 4)))
    assert cell(targets, 6, 48 // 8) == [2]
    assert cell(targets, 6, 64 // 8) == [4]


def test_a_digit_cut_off_by_the_edge_does_not_count() -> None:
    targets = assign(truth((40, 0, 100, 20, UNCERTAIN)))
    counted = targets.counted.numpy().reshape(CELLS, CELLS)
    assert targets.positive.numpy().sum() == 0
    assert counted[8, 1] == 0
    assert counted[20, 20] == 1


def test_the_right_answer_has_almost_no_loss() -> None:
    sought = truth((40, 60, 100, 100, 5))
    targets = assign(sought)
    wanted = targets.classes.numpy().reshape(1, CELLS, CELLS, 10)
    rows, columns = np.meshgrid(np.arange(CELLS), np.arange(CELLS), indexing="ij")
    middles = (np.stack([rows, columns], axis=-1) + 0.5) * 8
    box = targets.boxes.numpy().reshape(1, CELLS, CELLS, 4) * 192
    distances = np.concatenate([middles - box[..., :2], box[..., 2:] - middles], axis=-1)
    right = tf.constant(wanted * 20 - 10), tf.constant(distances, tf.float32)
    wrong = tf.constant(wanted * -20 + 10), tf.constant(distances + 20, tf.float32)
    assert max(float(part) for part in loss(*right, sought)) < 0.01
    assert min(float(part) for part in loss(*wrong, sought)) > 0.3


def test_zooming_moves_boxes_with_the_picture() -> None:
    """After augmentation, a white block on black is still where its box is."""
    picture = np.zeros((16, 192, 192, 3), np.uint8)
    picture[:, 80:120, 60:90] = 255
    one = truth((80, 60, 120, 90, 5))
    many = Truth(tf.repeat(one.boxes, 16, axis=0), tf.repeat(one.labels, 16, axis=0))
    changed, moved = augment(tf.constant(picture), many, tf.constant([1, 2]))
    for index in range(16):
        pixels = changed[index].numpy().mean(axis=-1)
        apart = np.abs(pixels - pixels[0, 0]) > np.abs(pixels - pixels[0, 0]).max() / 2
        ys, xs = apart.nonzero()
        block = np.array([ys.min(), xs.min(), ys.max() + 1, xs.max() + 1])
        assert np.abs(moved.boxes[index, 0].numpy() * 192 - block).max() <= 2
