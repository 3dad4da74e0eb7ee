"""``--nms``: masks and keypoints stay with their boxes, whatever form they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import BOXES, CLASSES, CORNERS, COUNT, KEYPOINTS, MASKS, SCORES
from export.errors import SourceError
from export.tasks.selection import select_task
from export.tasks.task import TaskOptions
from tests.export.detectors import reference

RANDOM = np.random.default_rng(23)
HEADS, BOXES_OF_A_HEAD, MOST, CELLS = 40, 40, 9, 6
OVERLAP, SCORE, TOLERANCE = 0.45, 0.2, 1e-4
SIZE = tf.constant([48, 64])

Form = tuple[dict[str, np.ndarray], Callable[[int, int, np.ndarray], np.ndarray]]
"""Outputs, and a function that returns the mask of a box, given by its image and its row."""


def heads(columns: int) -> dict[str, np.ndarray]:
    """Return random boxes, some of them beyond the image, with a score for each class."""
    corner = RANDOM.uniform(-0.1, 0.7, (HEADS, BOXES_OF_A_HEAD, 2))
    sides = RANDOM.uniform(0.1, 0.5, (HEADS, BOXES_OF_A_HEAD, 2))
    scores = RANDOM.uniform(0, 1, (HEADS, BOXES_OF_A_HEAD, columns)) ** 2
    return {
        "boxes": np.concatenate([corner, corner + sides], axis=-1).astype(np.float32),
        "scores": scores.astype(np.float32),
    }


def kept(outputs: dict[str, np.ndarray], at: int) -> list[tuple[int, int, float]]:
    """Return box, class and score of what is kept in an image, by plain greedy suppression."""
    boxes, scores = outputs["boxes"][at].astype(np.float64), outputs["scores"][at]
    shared, found = reference.overlaps(boxes), []
    for kind in range(scores.shape[1]):
        alive = scores[:, kind] >= SCORE
        for box in np.argsort(-scores[:, kind]):
            if alive[box]:
                found.append((int(box), kind, float(scores[box, kind])))
                alive &= shared[box] <= OVERLAP
    return sorted(found, key=lambda one: -one[2])[:MOST]


def run(outputs: dict[str, np.ndarray], **more: Any) -> Any:
    options = TaskOptions(
        suppress=True, max_overlap=OVERLAP, min_score=SCORE, max_boxes=MOST, mask_size=CELLS, **more
    )
    task = select_task(outputs, options)
    given = {name: tf.constant(value) for name, value in outputs.items()}
    found = tf.function(lambda values: task(values, SIZE))(given)
    return task, {name: value.numpy() for name, value in found.items()}


def of_boxes() -> Form:
    masks = RANDOM.random((HEADS, BOXES_OF_A_HEAD, 5, 7)).astype(np.float32)
    return {"masks": masks}, lambda at, row, box: masks[at, row]


def of_image() -> Form:
    masks = RANDOM.random((HEADS, BOXES_OF_A_HEAD, 12, 16, 1)).astype(np.float32)

    def wanted(at: int, row: int, box: np.ndarray) -> np.ndarray:
        return reference.sampled(masks[at, row], box, CELLS)[..., 0]

    return {"masks": masks[..., 0]}, wanted


def of_prototypes() -> Form:
    weights = RANDOM.normal(0, 1, (HEADS, BOXES_OF_A_HEAD, 8)).astype(np.float32)
    maps = RANDOM.normal(0, 1, (HEADS, 12, 16, 8)).astype(np.float32)

    def wanted(at: int, row: int, box: np.ndarray) -> np.ndarray:
        return reference.mask(maps[at], weights[at, row], box, CELLS)

    return {"mask_coefficients": weights, "proto": maps}, wanted


@pytest.mark.parametrize(
    ("form", "columns"), [(of_boxes, 3), (of_image, 1), (of_prototypes, 1), (of_prototypes, 3)]
)
def test_masks_stay_with_their_boxes(form: Any, columns: int) -> None:
    more, mask_of = form()
    outputs = {**heads(columns), **more}
    task, found = run(outputs, masks="image" if form is of_image else "box")
    assert task.details == {"masks": True}
    for at in range(HEADS):
        expected = kept(outputs, at)
        count = len(expected)
        assert found[COUNT][at] == count
        assert found[CLASSES][at, :count].tolist() == [kind for _, kind, _ in expected]
        assert not found[MASKS][at, count:].any()
        for number, (row, _, score) in enumerate(expected):
            box = outputs["boxes"][at, row]
            box = box if form is of_boxes else np.clip(box, 0, 1)
            assert np.abs(found[BOXES][at, number] - box).max() < TOLERANCE
            assert abs(found[SCORES][at, number] - score) < TOLERANCE
            assert np.abs(found[MASKS][at, number] - mask_of(at, row, box)).max() < TOLERANCE


def test_whole_numbers_and_keypoints_stay_as_well() -> None:
    outputs = heads(1)
    rows = (
        np.broadcast_to(np.arange(BOXES_OF_A_HEAD)[:, None, None], (HEADS, BOXES_OF_A_HEAD, 3, 2))
        / 64
    )
    outputs["keypoints"] = rows.astype(np.float32)
    corners = np.broadcast_to(rows[:, :, :1], (HEADS, BOXES_OF_A_HEAD, 4, 2))
    outputs["detection_corners"] = corners.astype(np.float32)
    outputs["masks"] = np.broadcast_to(np.eye(4, dtype=np.int64), (HEADS, BOXES_OF_A_HEAD, 4, 4))
    outputs["classes"] = np.full((HEADS, BOXES_OF_A_HEAD), 5, np.int64)
    outputs["scores"] = outputs["scores"][..., 0].astype(np.float16)
    _, found = run(outputs, first_class=5)
    assert (found[MASKS].dtype, found[CLASSES].dtype) == (np.bool_, np.float32)
    assert (found[MASKS][0, 0] == np.eye(4, dtype=bool)).all()
    best = outputs["scores"].argmax(axis=1)
    assert (found[KEYPOINTS][:, 0, 0, 0] * 64 == best).all()
    assert (found[CORNERS][:, 0] * 64 == best[:, None, None]).all()
    outputs["detection_corners"] = corners[..., :1]
    assert CORNERS not in run(outputs, first_class=5)[1]


@pytest.mark.parametrize("columns", [0, 3])
@pytest.mark.parametrize("form", [of_boxes, of_image, of_prototypes])
def test_there_may_be_no_boxes_at_all(form: Any, columns: int) -> None:
    """The number of boxes is open, and the model found none in the images of the check."""
    whole = {**heads(max(columns, 1)), **form()[0]}
    if not columns:
        whole["scores"] = whole["scores"][..., 0]
        whole["classes"] = np.ones((HEADS, BOXES_OF_A_HEAD), np.float32)
    nothing = {name: value if name == "proto" else value[:, :0] for name, value in whole.items()}
    task, found = run(nothing, masks="image" if form is of_image else "box")
    assert found[BOXES].shape == (HEADS, MOST, 4)
    assert not any(value.any() for value in found.values())
    spec = {
        name: tf.TensorSpec([None, None, *value.shape[2:]], value.dtype)
        for name, value in whole.items()
    }
    call = tf.function(lambda values: task(values, SIZE), input_signature=[spec])
    assert not any(value.numpy().any() for value in call(nothing).values())
    _, expected = run(whole, masks="image" if form is of_image else "box")
    for name, value in call(whole).items():
        assert np.abs(value - expected[name]).max() < TOLERANCE


def test_a_detectors_own_boxes_can_have_prototypes() -> None:
    more, mask_of = of_prototypes()
    outputs = {**heads(1), **more, "classes": np.ones((HEADS, BOXES_OF_A_HEAD), np.float32)}
    outputs["scores"] = outputs["scores"][..., 0]
    task = select_task(outputs, TaskOptions(mask_size=CELLS))
    found = task({name: tf.constant(value) for name, value in outputs.items()}, SIZE)
    assert set(task.reads()) == set(outputs)
    box = np.clip(outputs["boxes"][3, 7], 0, 1)
    assert np.abs(found[BOXES][3, 7] - box).max() < TOLERANCE
    assert np.abs(found[MASKS][3, 7].numpy() - mask_of(3, 7, box)).max() < TOLERANCE


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"proto": None}, {}, r"mask_coefficients \[40, 40, 8\] need an output with as many"),
        ({"mask_coefficients": np.zeros((1, 7, 8), "f")}, {}, "a row for each box, of which"),
        ({}, {"mask_size": 512, "max_boxes": 9}, "9 masks of 512x512 .* lower --max-boxes or"),
        ({}, {"masks": "image"}, r"--masks image needs detection_masks \[N,K,H,W\]"),
    ],
)
def test_masks_that_cannot_be_made(
    changes: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    outputs = {**heads(1), **of_prototypes()[0], **changes}
    outputs = {name: value for name, value in outputs.items() if value is not None}
    with pytest.raises(SourceError, match=message):
        select_task(outputs, TaskOptions(suppress=True, **options))
