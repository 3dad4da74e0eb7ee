"""``--decode yolo-pose``: against plain numpy, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import POSE_SCORES, POSES
from export.detectors.options import DecodeOptions
from export.detectors.recognition import recognize
from export.detectors.yolo_pose import yolo_pose
from export.errors import SourceError

RANDOM = np.random.default_rng(11)
SIZE = (64, 96)
ANCHORS = 100


def heads(kinds: int = 1, points: int = 17) -> np.ndarray:
    """Return rows ``[2, A, 4 + C + 3K]`` in pixels of 96x64."""
    columns = [
        RANDOM.uniform(0.2, 0.8, (2, ANCHORS, 2)) * [96, 64],
        RANDOM.uniform(8, 48, (2, ANCHORS, 2)),
        RANDOM.uniform(0, 1, (2, ANCHORS, kinds)),
    ]
    for _ in range(points):
        columns += [RANDOM.uniform(0, 1, (2, ANCHORS, 2)) * [96, 64]]
        columns += [RANDOM.uniform(0, 1, (2, ANCHORS, 1))]
    return np.concatenate(columns, axis=-1).astype(np.float32)


def options(**more: Any) -> DecodeOptions:
    return DecodeOptions("yolo-pose", **{"max_boxes": 5, "min_score": 0.3, **more})


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    low = np.maximum(one[:2] - one[2:4] / 2, other[:2] - other[2:4] / 2)
    high = np.minimum(one[:2] + one[2:4] / 2, other[:2] + other[2:4] / 2)
    common = np.prod(np.maximum(high - low, 0))
    return float(common / (np.prod(one[2:4]) + np.prod(other[2:4]) - common))


def reference(rows: np.ndarray, kinds: int, points: int) -> list[tuple[float, np.ndarray]]:
    """Return score and points (y, x, score) of the poses of one image, best first."""
    kept: list[tuple[float, np.ndarray, np.ndarray]] = []
    for row in sorted(rows, key=lambda row: -row[4 : 4 + kinds].max()):
        score = float(row[4 : 4 + kinds].max())
        is_new = all(overlap(row, other) <= 0.5 for _, other, _ in kept)
        if score > 0.3 and is_new and len(kept) < 5:
            flat = row[4 + kinds :].reshape(points, 3)
            found = np.stack([flat[:, 1] / 64, flat[:, 0] / 96, flat[:, 2]], axis=-1)
            kept.append((score, row, found))
    return [(score, found) for score, _, found in kept]


@pytest.mark.parametrize("by_column", [True, False])
@pytest.mark.parametrize(("kinds", "points", "labels"), [(1, 17, None), (1, 21, None), (3, 5, 5)])
def test_poses_are_those_of_plain_numpy(
    by_column: bool, kinds: int, points: int, labels: int | None
) -> None:
    rows = heads(kinds, points)
    value = np.ascontiguousarray(rows.swapaxes(1, 2)) if by_column else rows
    task = yolo_pose({"output_0": value}, options(class_count=labels), SIZE)
    assert (task.name, task.classes, task.layout.kinds, task.units) == (
        "keypoints",
        points,
        kinds,
        "pixels",
    )
    found = tf.function(task)({"output_0": tf.constant(value)}, tf.constant(SIZE))
    for image in range(2):
        expected = reference(rows[image], kinds, points)
        scores = found[POSE_SCORES][image].numpy()
        assert scores[: len(expected)] == pytest.approx([score for score, _ in expected], abs=1e-4)
        assert (scores[len(expected) :] == 0).all()
        for at, (_, pose) in enumerate(expected):
            assert np.abs(found[POSES][image, at].numpy() - pose).max() < 1e-4
        assert (found[POSES][image, len(expected) :].numpy() == 0).all()


@pytest.mark.parametrize(("kinds", "points", "values"), [(2, 12, 2), (1, 17, 3), (40, 2, 3)])
def test_the_shape_of_keypoints_can_be_given(kinds: int, points: int, values: int) -> None:
    rows = np.random.default_rng(5).random((2, kinds + points * values + 4, 600), np.float32)
    how = options(class_count=kinds, keypoints=(points, values))
    task = yolo_pose({"o": rows}, how, SIZE)
    assert (task.layout.kinds, task.layout.count, task.layout.values) == (kinds, points, values)
    other = options(class_count=kinds + 1, keypoints=(points, values))
    with pytest.raises(SourceError, match=f"{points} keypoints of {values} values each, as --lab"):
        yolo_pose({"o": rows}, other, SIZE)


def test_a_person_has_names_and_a_skeleton() -> None:
    task = yolo_pose({"output_0": heads().swapaxes(1, 2)}, options(), SIZE)
    assert (task.labels[0], task.details["skeleton"][0]) == ("nose", [0, 1])
    assert "read as poses of 17 keypoints" in task.notes[0]
    own = yolo_pose({"output_0": heads().swapaxes(1, 2)}, options(skeleton=((3, 4),)), SIZE)
    assert own.details == {"skeleton": [[3, 4]]}


@pytest.mark.parametrize(
    ("probe", "more", "message"),
    [
        ({"a": np.zeros((1, 4, 4, 3))}, {}, r"one output \[N,columns,anchors\]"),
        ({"a": np.zeros((1, 7, 90), "f")}, {}, "7 columns, which do not fit a box"),
        ({"a": np.zeros((1, 56, 90), "f")}, {"class_count": 18}, "56 columns.* for 18 labels"),
        ({"a": np.full((1, 56, 90), 3, "f")}, {}, "scores range from 3 to 3"),
        ({"a": np.zeros((1, 56, 90), "f")}, {"skeleton": ((0, 17),)}, "joins point 17"),
    ],
)
def test_what_is_refused(probe: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        yolo_pose(probe, options(**more), SIZE)


def test_the_shape_of_a_yolo_pose_suggests_the_flag() -> None:
    hint = recognize({"output_0": np.zeros((1, 56, 84), np.float32)}, (64, 64))
    assert hint is not None
    assert "add --decode yolo, or --decode yolo-pose for the keypoints of a person" in hint
