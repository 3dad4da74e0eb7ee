"""Ultralytics' rows of detections: masks, poses and rotated boxes, against plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import BOXES, CLASSES, CORNERS, COUNT, MASKS, POSE_SCORES, POSES, SCORES
from export.detectors.decoded import decoded
from export.detectors.options import DecodeOptions
from export.detectors.recognition import recognize
from export.detectors.yolo_pose import yolo_pose
from export.errors import SourceError
from tests.export.detectors import reference
from tests.export.detectors.test_families import MOST, SCORE, TOLERANCE, check, options, run

HEADS, ROWS, CELLS = 200, 20, 7
SIZE = (64, 96)
SIDES = np.array([96, 64, 96, 64], np.float32)
RANDOM = np.random.default_rng(17)

Wanted = list[tuple[int, float, np.ndarray, np.ndarray]]
"""Class, score, box (y first) and what is behind these columns, of each detection."""


def rows(behind: np.ndarray, heads: int = HEADS) -> np.ndarray:
    """Return rows of corners in 0..1, score and class, the best score first, then ``behind``."""
    corner = RANDOM.uniform(0, 0.6, (heads, ROWS, 2))
    boxes = np.concatenate([corner, corner + RANDOM.uniform(0.1, 0.6, (heads, ROWS, 2))], axis=-1)
    scores = -np.sort(-(RANDOM.uniform(0, 1, (heads, ROWS, 1)) ** 2), axis=1)
    kinds = RANDOM.integers(0, 80, (heads, ROWS, 1))
    return np.concatenate([boxes, scores, kinds, behind], axis=-1).astype(np.float32)


def wanted(table: np.ndarray) -> list[Wanted]:
    return [
        [
            (int(row[5]), float(row[4]), np.clip(row[[1, 0, 3, 2]], 0, 1), row[6:])
            for row in image
            if row[4] > SCORE
        ][:MOST]
        for image in table
    ]


@pytest.mark.parametrize(
    ("family", "pixels", "channels_first", "dtype"),
    [("yolo", 0, 0, np.float32), ("end-to-end", 1, 1, np.float16)],
)
def test_masks(family: str, pixels: int, channels_first: int, dtype: Any) -> None:
    heads = 40 if pixels else HEADS
    table = rows(RANDOM.normal(0, 1, (heads, ROWS, 32)), heads).astype(dtype)
    maps = RANDOM.normal(0, 1, (heads, 4, 6, 32)).astype(dtype)
    if pixels:
        table[..., :4] *= SIDES
    plain = table.astype(np.float32)
    expected = wanted(plain / [*SIDES, *np.ones(34)] if pixels else plain)
    probe = {"o": table, "p": np.moveaxis(maps, 3, 1) if channels_first else maps}
    task = decoded({n: v[:4] for n, v in probe.items()}, options(family, mask_size=CELLS), SIZE, 4)
    assert (task.details, task.first_class) == ({"masks": True}, 0)
    found = run(task, probe, SIZE)
    assert found[MASKS].shape == (heads, MOST, CELLS, CELLS)
    assert found[COUNT].tolist() == [len(one) for one in expected]
    for at, image in enumerate(expected):
        assert found[CLASSES][at, : len(image)].tolist() == [kind for kind, *_ in image]
        assert not found[MASKS][at, len(image) :].any()
        for number, (_, score, box, weights) in enumerate(image[:: max(1, len(image) - 1)]):
            place = number * max(1, len(image) - 1)
            assert abs(found[SCORES][at, place] - score) < TOLERANCE
            assert np.abs(found[BOXES][at, place] - box).max() < TOLERANCE
            mask = reference.mask(maps[at].astype(np.float64), weights, box, CELLS)
            assert np.abs(found[MASKS][at, place] - mask).max() < TOLERANCE


@pytest.mark.parametrize(("values", "labels"), [(3, None), (2, 17)])
def test_poses(values: int, labels: int | None) -> None:
    points = RANDOM.uniform(0, 1, (HEADS, ROWS, 17, values))
    table = rows(points.reshape(HEADS, ROWS, -1))
    how = options("yolo-pose", class_count=labels)
    task = yolo_pose({"o": table[:4]}, how, SIZE)
    assert (task.classes, task.layout.values, len(task.labels)) == (17, values, 17)
    found = tf.function(task)({"o": tf.constant(table)}, tf.constant(SIZE))
    poses, scores = found[POSES].numpy(), found[POSE_SCORES].numpy()
    for at, image in enumerate(wanted(table)):
        assert np.abs(scores[at, : len(image)] - [score for _, score, *_ in image]).max() < 1e-4
        assert not scores[at, len(image) :].any()
        assert not poses[at, len(image) :].any()
        expected = np.ones((len(image), 17, 3))
        for number, (*_, flat) in enumerate(image):
            expected[number, :, :2] = flat.reshape(17, values)[:, 1::-1]
            if values == 3:
                expected[number, :, 2] = flat[2::3]
        assert np.abs(poses[at, : len(image)] - expected).max() < TOLERANCE


@pytest.mark.parametrize("pixels", [False, True])
def test_turned_boxes_are_served_as_upright_ones_around_them(pixels: bool) -> None:
    table = rows(RANDOM.uniform(-np.pi / 4, 3 * np.pi / 4, (HEADS, ROWS, 1)))
    boxes = table[..., :4] * SIDES
    expected = [
        [
            (int(row[5]), float(row[4]), np.clip(reference.upright(box, row[6], 96, 64), 0, 1))
            for box, row in zip(places, image, strict=True)
            if row[4] > SCORE
        ][:MOST]
        for places, image in zip(boxes, table, strict=True)
    ]
    if pixels:
        table[..., :4] = boxes
    check({"o": table}, expected, options("yolo-obb"), SIZE)
    found = run(decoded({"o": table[:4]}, options("yolo-obb"), SIZE, 4), {"o": table}, SIZE)
    for at, (places, image) in enumerate(zip(boxes, table, strict=True)):
        count = int(found[COUNT][at])
        for corners, box, row in zip(found[CORNERS][at, :count], places, image, strict=False):
            assert np.abs(corners - reference.corners(box, row[6], 96, 64)).max() < TOLERANCE
        assert not found[CORNERS][at, count:].any()


def test_turned_boxes_of_anchors() -> None:
    anchors = 126  # strides 8, 16, 32 at 96x64
    table = np.concatenate(
        [
            RANDOM.uniform(0.2, 0.8, (4, anchors, 2)),
            RANDOM.uniform(0.05, 0.2, (4, anchors, 2)),
            RANDOM.uniform(0, 1, (4, anchors, 3)) ** 4,
            RANDOM.uniform(-0.7, 2.3, (4, anchors, 1)),
        ],
        axis=-1,
    ).astype(np.float32)
    places = [
        np.array([reference.corners(row[:4] * SIDES, row[7], 96, 64) for row in image])
        for image in table
    ]
    expected = [
        reference.suppressed(
            np.concatenate([one.min(axis=1), one.max(axis=1)], axis=-1),
            *(image[:, 4:7], 0.45, SCORE, MOST),
            reference.rotated_overlaps(one),
        )
        for one, image in zip(places, table, strict=True)
    ]
    heads = {"o": table.swapaxes(1, 2)}
    check(heads, expected, options("yolo-obb"), SIZE)
    found = run(decoded(heads, options("yolo-obb"), SIZE, 4), heads, SIZE)
    for at, image in enumerate(table):
        for number in range(int(found[COUNT][at])):
            score = found[SCORES][at, number]
            row = image[np.abs(image[:, 4:7] - score).min(axis=1).argmin()]
            corners = reference.corners(row[:4] * SIDES, row[7], 96, 64)
            assert np.abs(found[CORNERS][at, number] - corners).max() < TOLERANCE
    with pytest.raises(SourceError, match="the angle of a box, add --decode yolo-obb"):
        decoded({"o": table}, options("yolo"), SIZE, 4)


# What is recognized, and what is said about it

PLAIN = rows(np.zeros((4, ROWS, 0)), 4)
SEGMENTS = rows(RANDOM.normal(0, 1, (4, ROWS, 32)), 4)
MAPS = np.ones((4, 4, 6, 32), np.float32)
PEOPLE = rows(RANDOM.uniform(0, 1, (4, ROWS, 51)), 4)


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ({"o": PLAIN}, "look like box, score, class: to serve boxes, add --decode end-to-end"),
        (
            {"o": SEGMENTS, "p": MAPS},
            "rows of o [20, 38] look like box, score, class and the weights of the mask that p is "
            "for: to serve boxes, add --decode end-to-end",
        ),
        ({"o": PEOPLE}, "--decode end-to-end, or --decode yolo-pose for the keypoints of a person"),
        ({"o": np.zeros((4, 50, 99), np.float32)}, None),
    ],
)
def test_the_form_is_recognized(probe: dict[str, np.ndarray], words: str | None) -> None:
    hint = recognize(probe, SIZE)
    assert hint == words if words is None or hint is None else words in hint


@pytest.mark.parametrize("family", ["yolo", "end-to-end"])
def test_rows_are_told_from_those_of_anchors(family: str) -> None:
    """Even if there are as many of them as the model has anchors."""
    many = np.concatenate([SEGMENTS, np.zeros((4, 126 - ROWS, 38), np.float32)], axis=1)
    found: Any = decoded({"o": many, "p": MAPS}, DecodeOptions(family), SIZE, 4)
    assert (found.decoder.columns, found.details) == (("box", "score", "class"), {"masks": True})
    assert "the last 32 columns of o and p are for masks, which are served" in found.notes[-1]
    alone = decoded({"o": SEGMENTS}, DecodeOptions(family), SIZE, 4)
    assert "the last 32 columns of o are not served" in alone.notes[-1]
    assert decoded({"o": PEOPLE}, DecodeOptions(family), SIZE, 4).details == {}


def test_rows_of_detections_are_not_read_as_anchors() -> None:
    with pytest.raises(SourceError, match=r"a row for each detection, .* use --decode yolo"):
        decoded({"o": PLAIN}, DecodeOptions("yolov8"), SIZE, 4)


def test_rows_in_which_nothing_was_found() -> None:
    """As exports with NMS return them for images that show nothing that they know: zeros, or boxes
    with a score of 0."""
    nothing = rows(np.zeros((4, ROWS, 0)), 4)
    nothing[..., :4] *= 90
    nothing[..., 4] = 0
    task = decoded({"o": nothing}, DecodeOptions("yolo"), SIZE, 4)
    assert "as Ultralytics has them, since nothing was found" in task.notes[0]
    assert "taken as pixels" in task.notes[1]
    assert run(task, {"o": nothing}, SIZE)[COUNT].tolist() == [0] * 4
    with pytest.raises(SourceError, match="add --box-units pixels or --box-units normalized"):
        decoded({"o": nothing * 0}, DecodeOptions("yolo"), SIZE, 4)
    poses = {"o": np.zeros((4, 300, 57), np.float32)}
    pose = yolo_pose(poses, DecodeOptions("yolo-pose", units="pixels"), SIZE)
    assert (pose.layout.suppressed, pose.layout.count) == (True, 17)
    table = np.zeros((0, 7), np.float32)
    columns = ("batch", "box", "score", "class")
    how = DecodeOptions("end-to-end", columns=columns, units="pixels")
    task = decoded({"o": table}, how, SIZE, 1)
    assert run(task, {"o": table}, SIZE)[COUNT].tolist() == [0]


def test_scores_that_are_logits_are_refused_or_activated() -> None:
    table = PLAIN.copy()
    table[..., 4] = 9 * table[..., 4] - 4
    with pytest.raises(SourceError, match=r"range from -[34].* add --activation sigmoid"):
        decoded({"o": table}, options("end-to-end", columns=("box", "score", "class")), SIZE, 4)
    how = options("end-to-end", columns=("box", "score", "class"), activation="sigmoid")
    found = run(decoded({"o": table}, how, SIZE, 4), {"o": table}, SIZE)
    assert found[SCORES][0, 0] == pytest.approx(reference.sigmoid(table[0, 0, 4]))
