"""How well rotated boxes agree."""

from __future__ import annotations

import math

import pytest

from framewire.agreement import Answer, MalformedAnswer, Tally, compare
from framewire.agreement.corners import corners_iou

SQUARE = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)


def rectangle(angle: float, x: float = 0.5, width: float = 0.8, height: float = 0.1) -> list[float]:
    """Return the corners of a rectangle that is rotated around its center."""
    cos, sin = math.cos(angle), math.sin(angle)
    ends = ((-width, -height), (width, -height), (width, height), (-width, height))
    points = [(x + (w * cos - h * sin) / 2, 0.5 + (w * sin + h * cos) / 2) for w, h in ends]
    return [value for point in points for value in point]


def answer(corners: list[float] | None) -> Answer:
    fields = {"boxes": [[0.2, 0.2, 0.8, 0.8]], "scores": [0.9], "classes": [0]}
    return Answer(fields if corners is None else {**fields, "corners": [corners]}, ["ship"])


def test_the_overlap_of_rotated_boxes() -> None:
    assert corners_iou(SQUARE, SQUARE) == 1.0
    assert corners_iou(SQUARE, SQUARE[::-1]) == 1.0  # x and y exchanged, the other way round
    assert corners_iou(SQUARE, [value + 2 for value in SQUARE]) == 0.0
    assert corners_iou(SQUARE, [value + 0.5 for value in SQUARE]) == pytest.approx(1 / 7)
    octagon = 2 * (math.sqrt(2) - 1)
    turned = corners_iou(rectangle(0, 0.5, 1, 1), rectangle(math.pi / 4, 0.5, 1, 1))
    assert turned == pytest.approx(octagon / (2 - octagon))
    assert corners_iou([0.5] * 8, [0.5] * 8) == 1.0
    assert corners_iou([0.5] * 8, SQUARE) == 0.0


@pytest.mark.parametrize("turns", range(16))
def test_the_overlap_is_that_of_small_cells(turns: int) -> None:
    one, other = rectangle(turns * 0.4, 0.5, 0.6, 0.3), rectangle(turns * 0.7, 0.45, 0.5, 0.4)

    def inside(x: float, y: float, corners: list[float]) -> bool:
        points = list(zip(corners[0::2], corners[1::2], strict=True))
        return all(
            (u - s) * (y - t) >= (v - t) * (x - s)
            for (s, t), (u, v) in zip(points, [*points[1:], points[0]], strict=True)
        )

    cells = [((i + 0.5) / 100, (j + 0.5) / 100) for i in range(100) for j in range(100)]
    first = {cell for cell in cells if inside(*cell, one)}
    second = {cell for cell in cells if inside(*cell, other)}
    assert corners_iou(one, other) == pytest.approx(
        len(first & second) / len(first | second), abs=0.03
    )


def test_a_box_that_is_rotated_otherwise_has_no_counterpart() -> None:
    """Both have the same upright box."""
    same = compare(answer(rectangle(0.7)), answer(rectangle(0.7, 0.51)))
    assert same.tallies == {"ship": Tally(1)}
    assert 0.8 < same.similarities[0] < 1.0
    for corners in (rectangle(-0.7), None):
        assert compare(answer(rectangle(0.7)), answer(corners)).tallies == {"ship": Tally(0, 1, 1)}
    assert compare(answer(None), answer(rectangle(0.7))).tallies == {"ship": Tally(1)}


def test_other_numbers_are_no_corners() -> None:
    with pytest.raises(MalformedAnswer):
        compare(answer([0.1, 0.2]), answer([0.1, 0.2]))
