"""Two answers to the same frame: what counts as agreement, task by task."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest

from framewire.agreement import Agreement, Answer, Cut, Tally, compare

LABELS = ("cat", "dog", "cow")
LEFT, RIGHT = [0.1, 0.1, 0.4, 0.5], [0.6, 0.1, 0.9, 0.5]


def boxes(*rows: tuple[Sequence[float], float, int], labels: Sequence[str] = LABELS) -> Answer:
    fields = {
        "boxes": [box for box, _, _ in rows],
        "scores": [score for _, score, _ in rows],
        "classes": [kind for _, _, kind in rows],
    }
    return Answer(fields, labels)


def moved(box: Sequence[float], by: float) -> list[float]:
    return [box[0] + by, box[1], box[2] + by, box[3]]


# Boxes


def test_the_same_boxes_agree_in_any_order() -> None:
    one, other = (LEFT, 0.9, 0), (RIGHT, 0.8, 1)
    found = compare(boxes(one, other), boxes(other, one))
    assert found.agreement == 1.0
    assert found.tallies == {"cat": Tally(matched=1), "dog": Tally(matched=1)}
    assert list(found.similarities) == pytest.approx([1.0, 1.0])
    assert list(found.shifts) == [0.0, 0.0]
    assert found.difference == pytest.approx(0.0)


def test_a_box_that_moved_a_little_matches_and_one_that_moved_far_does_not() -> None:
    near = compare(boxes((LEFT, 0.9, 0)), boxes((moved(LEFT, 0.06), 0.7, 0)))
    assert near.agreement == 1.0
    assert list(near.similarities) == pytest.approx([2 / 3])
    assert list(near.shifts) == pytest.approx([-0.2])
    assert near.difference == pytest.approx(1 / 3 + 0.2)
    far = compare(boxes((LEFT, 0.9, 0)), boxes((moved(LEFT, 0.2), 0.9, 0)))
    assert far.agreement == 0.0
    assert far.tallies == {"cat": Tally(missing=1, added=1)}
    assert (far.missing, far.added) == ([0], [0])
    assert far.confused == {}


def test_the_class_is_compared_by_name() -> None:
    swapped = ("dog", "cat", "cow")
    before = boxes((LEFT, 0.9, 0), (RIGHT, 0.9, 2))
    same_index = compare(before, boxes((LEFT, 0.9, 0), (RIGHT, 0.9, 2), labels=swapped))
    assert same_index.confused == {("cat", "dog"): 1}
    assert same_index.tallies["cat"] == Tally(missing=1)
    assert same_index.tallies["cow"] == Tally(matched=1)
    same_name = compare(before, boxes((LEFT, 0.9, 1), (RIGHT, 0.9, 2), labels=swapped))
    assert same_name.agreement == 1.0


def test_weak_boxes_come_and_go_but_a_clear_one_needs_a_partner() -> None:
    weak, clear = (LEFT, 0.29, 0), (LEFT, 0.31, 0)
    assert compare(boxes(weak), boxes()).agreement == 1.0
    assert compare(boxes(), boxes(weak)).agreement == 1.0
    assert compare(boxes(clear), boxes(weak)).agreement == 1.0
    assert compare(boxes(clear), boxes()).tallies == {"cat": Tally(missing=1)}
    assert compare(boxes(), boxes(clear)).tallies == {"cat": Tally(added=1)}


def test_what_a_session_cut_off_is_no_difference() -> None:
    cut = Cut(min_score=0.5, max_results=1)
    just_above = (RIGHT, 0.53, 1)
    assert compare(boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.9, 0), just_above), cut).agreement == 1.0
    second = (RIGHT, 0.8, 1)
    assert compare(boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.9, 0), second), cut).agreement == 1.0
    exchanged = compare(boxes((LEFT, 0.9, 0)), boxes((RIGHT, 0.95, 1), (LEFT, 0.9, 0)), cut)
    assert exchanged.tallies == {"cat": Tally(matched=1), "dog": Tally(added=1)}


def test_each_box_has_one_partner() -> None:
    twice = boxes((LEFT, 0.9, 0), (moved(LEFT, 0.01), 0.8, 0))
    found = compare(boxes((LEFT, 0.9, 0)), twice)
    assert found.tallies == {"cat": Tally(matched=1, added=1)}
    assert found.agreement == pytest.approx(2 / 3)


# Other tasks


def classes(*pairs: tuple[int, float]) -> Answer:
    return Answer({"classes": [k for k, _ in pairs], "scores": [s for _, s in pairs]}, LABELS)


def test_the_best_class_counts() -> None:
    before = classes((0, 0.9), (1, 0.1))
    same = compare(before, classes((0, 0.6), (1, 0.4)))
    assert (same.agreement, list(same.shifts)) == (1.0, pytest.approx([-0.3]))
    other = compare(before, classes((1, 0.7), (0, 0.3)))
    assert other.agreement == 0.0
    assert other.tallies == {"cat": Tally(missing=1), "dog": Tally(added=1)}
    assert other.confused == {("cat", "dog"): 1}
    tie = compare(before, classes((1, 0.5), (0, 0.49)))
    assert tie.agreement == 1.0
    assert compare(before, classes()).agreement == 0.0
    assert compare(classes(), classes()).agreement == 1.0


def pose(*points: tuple[float, float, float]) -> Answer:
    return Answer({"keypoints": [[value for point in points for value in point]], "scores": [0.9]})


def test_poses_agree_if_their_visible_points_are_near() -> None:
    before = pose((0.2, 0.2, 0.9), (0.4, 0.8, 0.9), (0.0, 0.0, 0.0))
    near = compare(before, pose((0.21, 0.2, 0.9), (0.4, 0.79, 0.9), (0.9, 0.9, 0.0)))
    assert near.agreement == 1.0
    assert near.similarities[0] > 0.95
    assert compare(before, pose((0.5, 0.2, 0.9), (0.7, 0.8, 0.9), (0, 0, 0))).agreement == 0.0


def masks(width: int, height: int, *runs: int) -> Answer:
    return Answer({"masks": {"width": width, "height": height, "runs": list(runs)}}, LABELS)


def test_pixels_of_masks_are_compared_by_class_also_in_another_size() -> None:
    before = masks(4, 2, 0, 6, 1, 2)
    assert compare(before, masks(4, 2, 0, 6, 1, 2)).agreement == 1.0
    other = compare(before, masks(4, 2, 0, 8))
    assert other.tallies == {"cat": Tally(6, 0, 2), "dog": Tally(0, 2, 0)}
    assert other.confused == {("dog", "cat"): 2}
    assert other.agreement == pytest.approx(0.75)
    assert compare(masks(2, 1, 0, 1, 1, 1), masks(4, 2, 0, 2, 1, 2, 0, 2, 1, 2)).agreement == 1.0


def depth(low: float, high: float, *levels: int) -> Answer:
    size = {"width": len(levels), "height": 1, "low": low, "high": high}
    return Answer({"map": {**size, "levels": bytes(levels)}})


def test_values_of_maps_are_compared_in_their_own_unit() -> None:
    assert compare(depth(0, 10, 0, 255), depth(0, 20, 0, 128)).agreement == pytest.approx(1, 0.01)
    assert compare(depth(0, 10, 0, 255), depth(0, 10, 255, 0)).agreement == 0.0


def test_vectors_are_compared_by_their_angle() -> None:
    def vector(*values: float) -> Answer:
        return Answer({"embedding": list(values)})

    assert compare(vector(1, 2), vector(2, 4)).agreement == pytest.approx(1)
    assert compare(vector(1, 0), vector(0, 1)).agreement == pytest.approx(0)
    assert compare(vector(1, 0), vector(-1, 0)).agreement == 0
    assert compare(vector(1, 0), vector(1)).agreement == 0
    assert compare(vector(0, 0), vector(0, 0)).agreement == 1


def outputs(**values: tuple[str, list[int], Any]) -> Answer:
    return Answer(
        {"outputs": {n: {"dtype": d, "shape": s, "data": v} for n, (d, s, v) in values.items()}}
    )


def test_raw_outputs_are_equal_within_a_tolerance() -> None:
    def floats(*values: float) -> tuple[str, list[int], bytes]:
        return "float32", [len(values)], struct.pack(f"<{len(values)}f", *values)

    before = outputs(a=floats(1, 100), b=("string", [], ["yes"]))
    assert compare(before, outputs(a=floats(1.5, 99.5), b=("string", [], ["yes"]))).agreement == 1
    assert compare(before, outputs(a=floats(1, 90), b=("string", [], ["no"]))).agreement == 0.25
    assert compare(before, outputs(a=floats(1, 100))).agreement == 0.5
    assert compare(before, outputs(a=floats(1), b=("string", [], ["yes"]))).agreement == 0.5
    assert compare(outputs(a=floats(math.nan)), outputs(a=floats(math.nan))).agreement == 1


def test_answers_of_different_tasks_do_not_agree() -> None:
    assert compare(boxes((LEFT, 0.9, 0)), classes((0, 0.9))).agreement == 0.0


# Sums


def test_many_frames_add_up() -> None:
    agreement = Agreement()
    assert math.isnan(agreement.overall)
    assert math.isnan(agreement.similarity)
    agreement.add(compare(boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.8, 0))))
    agreement.add(compare(boxes((LEFT, 0.9, 0), (RIGHT, 0.9, 0)), boxes((LEFT, 0.9, 1))))
    assert agreement.frames == 2
    assert agreement.tallies == {"cat": Tally(1, 2, 0), "dog": Tally(0, 0, 1)}
    assert agreement.total == Tally(1, 2, 1)
    assert agreement.overall == pytest.approx(2 / 5)
    assert agreement.shift == pytest.approx(-0.1)
    assert agreement.confusion("cat") == "dog"
    assert agreement.confusion("cow") is None


def test_tasks_without_classes_have_the_mean_of_their_frames() -> None:
    agreement = Agreement()
    for angle in (0.0, math.pi / 3):
        vector = Answer({"embedding": [math.cos(angle), math.sin(angle)]})
        agreement.add(compare(Answer({"embedding": [1.0, 0.0]}), vector))
    assert agreement.overall == pytest.approx(0.75)
