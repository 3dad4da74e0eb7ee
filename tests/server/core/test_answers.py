"""Answers, limited to what a session asked for."""

from __future__ import annotations

from server.core.answers import Classification, Detections, Tensor, Tensors

BOXES = [[0.0, 0.0, 0.1, 0.1], [0.2, 0.2, 0.3, 0.3], [0.4, 0.4, 0.5, 0.5]]


def test_detections_by_score_and_by_number() -> None:
    found = Detections(BOXES, [0.9, 0.6, 0.3], [2, 0, 1])
    assert found.limited(0.5, None) == Detections(BOXES[:2], [0.9, 0.6], [2, 0])
    assert found.limited(0.0, 1) == Detections(BOXES[:1], [0.9], [2])
    assert found.limited(0.6, 2) == Detections(BOXES[:2], [0.9, 0.6], [2, 0])
    assert found.limited(1.0, None) == Detections([], [], [])


def test_classes_by_score_and_by_number() -> None:
    found = Classification([4, 1, 0], [0.7, 0.2, 0.1])
    assert found.limited(0.2, None) == Classification([4, 1], [0.7, 0.2])
    assert found.limited(0.0, 1) == Classification([4], [0.7])


def test_raw_outputs_have_no_scores_and_stay_whole() -> None:
    found = Tensors({"embedding": Tensor("DT_FLOAT", (2,), bytes(8))})
    assert found.limited(1.0, 0) is found
