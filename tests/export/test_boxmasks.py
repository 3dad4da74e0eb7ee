"""A detector's masks: what is served of them, in the graph and beside a letterbox's bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import BOXES, CLASSES, COUNT, MASKS, SCORES
from export.errors import ContractError, SourceError
from export.serving.decoding import Canvas
from export.serving.signatures import relative_to_images
from export.tasks.selection import select_task
from export.tasks.task import TaskOptions
from export.verification.comparison import compare
from server.backend.boxmasks import box_masks

RANDOM = np.random.default_rng(3)
SIZE = tf.constant([64, 32])


def outputs(masks: Any) -> dict[str, np.ndarray]:
    """Return a detector's outputs for two images with three boxes each."""
    corner = RANDOM.uniform(0, 0.5, (2, 3, 2))
    return {
        BOXES: np.concatenate([corner, corner + 0.4], axis=-1).astype(np.float32),
        SCORES: np.full((2, 3), 0.9, np.float32),
        CLASSES: np.ones((2, 3), np.float32),
        COUNT: np.full(2, 3, np.float32),
        MASKS: masks,
    }


def run(found: dict[str, np.ndarray], options: TaskOptions) -> Any:
    task = select_task(found, options)
    given = {name: tf.constant(value) for name, value in found.items()}
    return task, task(given, SIZE)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.bool_])
def test_masks_of_boxes_are_served_as_they_are(dtype: Any) -> None:
    given = outputs((RANDOM.random((2, 3, 5, 5)) > 0.5).astype(dtype))
    task, found = run(given, TaskOptions())
    assert task.details == {"masks": True}
    assert (found[MASKS].numpy() == given[MASKS]).all()


def test_masks_that_the_gateway_does_not_request_are_served_with_a_note() -> None:
    task, found = run(outputs(np.zeros((2, 3, 400, 400), np.float32)), TaskOptions())
    assert (task.details, MASKS in found) == ({"masks": False}, True)
    assert "if they cover the image, add --masks image" in "\n".join(task.notes)


def test_masks_of_the_image_become_those_of_boxes() -> None:
    """A disk in the image is where it was, seen through each box."""
    y, x = (np.mgrid[0:200, 0:200] + 0.5) / 200
    disk = np.hypot(y - 0.5, x - 0.5) < 0.3
    given = outputs(np.broadcast_to(disk, (2, 3, 200, 200)).astype(np.float32))
    task, found = run(given, TaskOptions(masks="image", mask_size=20))
    assert task.details == {"masks": True}
    assert found[MASKS].shape == (2, 3, 20, 20)
    centers = (np.arange(20) + 0.5) / 20
    masks = found[MASKS].numpy().reshape(-1, 20, 20)
    for box, mask in zip(given[BOXES].reshape(-1, 4), masks, strict=True):
        rows = box[0] + centers * (box[2] - box[0]) - 0.5
        columns = box[1] + centers * (box[3] - box[1]) - 0.5
        distance = np.hypot(rows[:, None], columns[None])
        certain = np.abs(distance - 0.3) > 0.01
        assert ((mask >= 0.5) == (distance < 0.3))[certain].all()


def test_masks_can_be_left_out_and_must_be_there() -> None:
    given = outputs(np.zeros((2, 3, 40, 40), np.float32))
    task, found = run(given, TaskOptions(masks="image", mask_size=0))
    assert (task.details, MASKS in found) == ({}, False)
    del given[MASKS]
    with pytest.raises(SourceError, match=r"--masks image needs detection_masks \[N,K,H,W\]"):
        select_task(given, TaskOptions(masks="image"))


def test_a_box_that_reaches_over_the_bars_keeps_the_mask_of_the_rest() -> None:
    """The graph and the gateway agree on what is left."""
    canvas = Canvas(100, 100, letterbox=True)
    boxes = RANDOM.uniform(-0.2, 0.6, (1, 9, 2))
    boxes = np.concatenate([boxes, boxes + RANDOM.uniform(0.2, 0.7, (1, 9, 2))], -1)
    masks = RANDOM.random((1, 9, 6, 8)).astype(np.float32)
    placements = tf.constant([[0.25, 0.0, 0.5, 1.0]])
    given = {BOXES: tf.constant(boxes, tf.float32), MASKS: tf.constant(masks)}
    found = relative_to_images(given, canvas, placements)
    drawn = (boxes[0] - [0.25, 0, 0.25, 0]) / [0.5, 1, 0.5, 1]
    edges = [drawn[:, side].tolist() for side in (1, 0, 3, 2)]
    clipped = [np.clip(edge, 0, 1).tolist() for edge in edges]
    wanted = box_masks(masks[0], range(9), edges, clipped)
    for mask, runs in zip(found[MASKS].numpy()[0], wanted.runs, strict=True):
        own = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(6, 8)
        assert ((mask >= 0.5) == own).mean() > 0.9, "rounding may choose the cell beside"
    assert relative_to_images(given, Canvas(100, 100, letterbox=False), placements) is given


def test_verification_allows_a_few_cells_at_the_edges_of_whole_masks() -> None:
    given = outputs(np.zeros((2, 3, 20, 20), np.uint8))
    row = {name: value[0] for name, value in given.items()}
    some, many = row[MASKS].copy(), row[MASKS].copy()
    some[:, 0, :4] = 1
    many[:, :1] = 1
    assert compare("served", [{**row, MASKS: some}], [row]).worst <= 1e-3
    with pytest.raises(ContractError, match="detection_masks of a box differ"):
        compare("served", [{**row, MASKS: many}], [row])
