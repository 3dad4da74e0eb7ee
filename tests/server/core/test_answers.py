"""What a client's limits leave of an answer."""

from __future__ import annotations

import pytest

from server.core.answers import (
    BoxMasks,
    Classification,
    DenseMap,
    Detections,
    Embedding,
    Poses,
    Segmentation,
    Tensor,
    Tensors,
)


@pytest.mark.parametrize(
    ("min_score", "max_results", "count"),
    [(0.0, None, 3), (0.5, None, 2), (0.5, 1, 1), (1.0, 9, 0)],
)
def test_limits_keep_the_best(min_score: float, max_results: int | None, count: int) -> None:
    boxes, scores, classes = [[0.0] * 4, [0.1] * 4, [0.2] * 4], [0.9, 0.5, 0.1], [7, 8, 9]
    detections = Detections(boxes, scores, classes).limited(min_score, max_results)
    assert detections == Detections(boxes[:count], scores[:count], classes[:count])
    runs = [[0, 4], [], [1, 3]]
    masked = Detections(boxes, scores, classes, masks=BoxMasks(2, 2, runs))
    assert masked.limited(min_score, max_results).masks == BoxMasks(2, 2, runs[:count])
    corners = [[0.1 * at] * 8 for at in range(3)]
    rotated = Detections(boxes, scores, classes, corners=corners)
    assert rotated.limited(min_score, max_results).corners == corners[:count]
    classification = Classification(classes, scores).limited(min_score, max_results)
    assert classification == Classification(classes[:count], scores[:count])
    points = [[0.1, 0.2, 0.0] * 2] * 3  # points of any score stay with their pose
    poses = Poses(points, scores).limited(min_score, max_results)
    assert poses == Poses(points[:count], scores[:count])


def test_what_has_no_scores_has_no_limits() -> None:
    tensors = Tensors({"colour": Tensor("float32", (3,), bytes(12))})
    assert tensors.limited(1.0, 0) is tensors
    masks = Segmentation(2, 1, [0, 2])
    assert masks.limited(1.0, 0) is masks
    embedding = Embedding([0.5])
    assert embedding.limited(1.0, 0) is embedding
    depth = DenseMap(1, 1, 0.0, 1.0, b"\0")
    assert depth.limited(1.0, 0) is depth
