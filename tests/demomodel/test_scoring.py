"""Average precision of cases calculated by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demomodel.scoring import Detections, Tally, overlaps

HERE = (0.1, 0.1, 0.3, 0.3)
THERE = (0.6, 0.6, 0.9, 0.9)


def detections(*boxes: tuple[tuple[float, ...], float, int]) -> Detections:
    """Return detections from box, score and class of each, best first."""
    return Detections(
        np.array([b for b, _, _ in boxes]).reshape(-1, 4),
        np.array([s for _, s, _ in boxes]),
        np.array([c for _, _, c in boxes], int),
    )


def precision(answer: Detections, *digits: tuple[tuple[float, ...], int]) -> float:
    """Return the average precision of class 1 for one image with these digits."""
    tally = Tally()
    tally.add(answer, np.array([b for b, _ in digits]), np.array([c for _, c in digits]))
    return tally.average_precision()[1]


def test_all_detected_is_one() -> None:
    answer = detections((HERE, 0.9, 1), (THERE, 0.8, 1))
    assert precision(answer, (HERE, 1), (THERE, 1)) == 1.0


def test_half_detected_is_a_half() -> None:
    assert precision(detections((HERE, 0.9, 1)), (HERE, 1), (THERE, 1)) == 0.5


def test_a_second_box_on_one_digit_is_false() -> None:
    answer = detections((HERE, 0.9, 1), (HERE, 0.8, 1), (THERE, 0.7, 1))
    assert precision(answer, (HERE, 1), (THERE, 1)) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_false_box_ahead_of_the_right_one_costs_half() -> None:
    assert precision(detections((THERE, 0.9, 1), (HERE, 0.8, 1)), (HERE, 1)) == 0.5


def test_another_class_does_not_match() -> None:
    assert precision(detections((HERE, 0.9, 2)), (HERE, 1)) == 0.0


def test_a_box_must_cover_half() -> None:
    shifted = (0.1, 0.18, 0.3, 0.38)
    assert precision(detections((shifted, 0.9, 1)), (HERE, 1)) == 0.0


def test_recall_and_precision_count_boxes_from_a_score_on() -> None:
    tally = Tally()
    answer = detections((HERE, 0.9, 1), (THERE, 0.6, 3), (THERE, 0.4, 1))
    tally.add(answer, np.array([HERE, THERE]), np.array([1, 1]))
    assert tally.at(0.5) == (0.5, 0.5)


def test_overlap_of_boxes() -> None:
    table = overlaps(np.array([HERE]), np.array([HERE, THERE, (0.1, 0.2, 0.3, 0.4)]))
    assert table[0] == pytest.approx([1.0, 0.0, 1 / 3])
