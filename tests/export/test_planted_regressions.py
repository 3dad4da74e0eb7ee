"""A version that became worse is refused, whatever its task: same limits, same recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from export.verification.golden import Row
from export.verification.recorded.answers import answer
from export.verification.recorded.limits import Limits
from framewire.agreement import Agreement, Answer, compare

FRAMES = 30
RANDOM = np.random.default_rng(29)
LABELS = ["cat", "dog", "cow"]


def described(task: str, **more: Any) -> dict[str, Any]:
    return {"task": task, "labels": LABELS, "first_class": None, **more}


def detections() -> Row:
    """Three boxes side by side, each with a disk as its mask."""
    y, x = np.mgrid[0:28, 0:28]
    disk = (np.hypot(y - 13.5, x - 13.5) < 11).astype(np.float32)
    low = np.array([[0.1, 0.0], [0.2, 0.35], [0.3, 0.7]]) + RANDOM.uniform(0, 0.05, (3, 2))
    return {
        "detection_boxes": np.concatenate([low, low + 0.25], axis=-1).astype(np.float32),
        "detection_scores": np.sort(RANDOM.uniform(0.6, 0.9, 3))[::-1].astype(np.float32),
        "detection_classes": np.arange(3, dtype=np.float32),
        "num_detections": np.array(3, np.float32),
        "detection_masks": np.stack([disk] * 3),
    }


def poses() -> Row:
    points = RANDOM.uniform(0.2, 0.8, (2, 17, 3))
    points[..., 2] = 0.9
    return {"keypoints": points.astype(np.float32), "pose_scores": np.full(2, 0.9, np.float32)}


def class_map() -> Row:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[10:30, 5:25], pixels[5:25, 35:55] = 1, 2
    return {"class_map": pixels}


def embedding() -> Row:
    return {"embedding": RANDOM.normal(0, 1, 64).astype(np.float32)}


def depth() -> Row:
    y, x = np.mgrid[0:40, 0:60]
    return {"dense_map": (2 + y / 10 + x / 30 + RANDOM.uniform()).astype(np.float32)}


def several_labels() -> Row:
    return {"probabilities": np.array([0.9, 0.8, 0.1], np.float32)}


def changed(output: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Row], Row]:
    return lambda row: {**row, output: change(row[output])}


def lost(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "detection_masks"}


MASKS = "detection_masks"


@pytest.mark.parametrize(
    ("task", "make", "regression"),
    [
        ("detection", detections, changed(MASKS, lambda masks: np.roll(masks, 7, axis=2))),
        ("detection", detections, changed(MASKS, np.zeros_like)),
        ("detection", detections, changed(MASKS, np.ones_like)),
        ("detection", detections, changed(MASKS, lambda masks: 1 - masks)),
        ("detection", detections, lost),
        ("keypoints", poses, changed("keypoints", lambda points: points + np.float32(0.1))),
        ("segmentation", class_map, changed("class_map", lambda pixels: np.roll(pixels, 5, 1))),
        ("segmentation", class_map, changed("class_map", np.zeros_like)),
        ("embedding", embedding, changed("embedding", lambda vector: np.roll(vector, 1))),
        ("map", depth, changed("dense_map", lambda values: values * 1.5)),
        ("classification", several_labels, changed("probabilities", lambda p: p * [1, 0.2, 1])),
    ],
)
def test_a_regression_is_refused_and_noise_is_not(
    task: str, make: Callable[[], Row], regression: Callable[[Row], Row]
) -> None:
    description = described(task, multi_label=True, masks=True)
    same, worse = Agreement(), Agreement()
    for _ in range(FRAMES):
        row = make()
        recorded = Answer(answer(row, description).fields, LABELS)
        noisy = {name: rounded(value) for name, value in row.items()}
        same.add(compare(recorded, answer(noisy, description)))
        worse.add(compare(recorded, answer(regression(row), description)))
    assert Limits().violations(same) == []
    assert Limits().violations(worse)


def rounded(value: np.ndarray) -> np.ndarray:
    """Return values as half precision would have them."""
    return value.astype(np.float16).astype(value.dtype) if value.dtype.kind == "f" else value


def test_what_is_left_of_a_box_has_what_is_left_of_its_mask() -> None:
    """As the gateway sends it: the right half of a box that begins as far outside the picture."""
    columns = np.zeros((1, 2, 4), np.float32)
    columns[..., 2] = 1
    row: Row = {
        "detection_boxes": np.array([[0.0, -0.5, 1.0, 0.5]], np.float32),
        "detection_scores": np.array([0.9], np.float32),
        "detection_classes": np.array([0.0], np.float32),
        MASKS: columns,
    }
    fields = answer(row, described("detection")).fields
    assert fields["boxes"] == [[0.0, 0.0, 0.5, 1.0]]
    assert fields["box_masks"] == {"width": 4, "height": 2, "runs": [[0, 2, 2, 2, 2]]}
    assert "box_masks" not in answer(row, described("detection", masks=False)).fields
