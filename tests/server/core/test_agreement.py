"""How far two answers about the same frame agree."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from server.core.agreement import MOST_OBJECTS, Agreement, Answered, Pair, compare, iou
from server.core.answers import (
    Answer,
    Classification,
    DenseMap,
    Detections,
    Embedding,
    Poses,
    Segmentation,
    Tensor,
    Tensors,
)

LABELS = ("cat", "dog", "cow")
LEFT, RIGHT = [0.0, 0.0, 0.4, 0.4], [0.6, 0.0, 1.0, 0.4]


def agreement(
    one: Answer, other: Answer, labels: Sequence[str] = LABELS, others: Sequence[str] = LABELS
) -> Agreement:
    return compare(Answered(one, labels), Answered(other, others))


def boxes(*found: tuple[Sequence[float], float, int]) -> Detections:
    return Detections(
        [box for box, _, _ in found], [score for _, score, _ in found], [c for _, _, c in found]
    )


# Boxes


def test_the_same_boxes_agree() -> None:
    found = boxes((LEFT, 0.9, 0), (RIGHT, 0.8, 1))
    same = agreement(found, found)
    assert same.share == 1.0
    assert same.pairs == [Pair("dog", 1.0, 0.0), Pair("cat", 1.0, 0.0)]
    assert (same.missed, same.added) == ([], [])


def test_a_box_that_only_one_has_is_missed_or_added() -> None:
    left, both = boxes((LEFT, 0.9, 0)), boxes((LEFT, 0.7, 0), (RIGHT, 0.6, 1))
    more = agreement(left, both)
    assert (more.share, more.missed, more.added) == (0.5, [], ["dog"])
    assert more.pairs == [Pair("cat", 1.0, pytest.approx(-0.2))]
    fewer = agreement(both, left)
    assert (fewer.share, fewer.missed, fewer.added) == (0.5, ["dog"], [])


def test_a_box_of_another_class_or_in_another_place_is_another_object() -> None:
    left = boxes((LEFT, 0.9, 0))
    for other in (boxes((LEFT, 0.9, 1)), boxes((RIGHT, 0.9, 0))):
        assert agreement(left, other).share == 0.0
    moved = boxes(([0.1, 0.0, 0.5, 0.4], 0.9, 0))
    assert agreement(left, moved).pairs == [Pair("cat", pytest.approx(0.6), 0.0)]


def test_classes_are_compared_by_name() -> None:
    """A candidate may list its classes in another order, or have mixed up their names."""
    left = boxes((LEFT, 0.9, 0))
    assert agreement(left, boxes((LEFT, 0.9, 1)), others=("dog", "cat")).share == 1.0
    assert agreement(left, left, others=("dog", "cat")).share == 0.0
    assert agreement(boxes((LEFT, 0.9, 7)), boxes((LEFT, 0.9, 7))).pairs[0].kind == "7"


def test_a_score_that_crosses_the_threshold_is_no_difference() -> None:
    assert agreement(boxes((LEFT, 0.52, 0)), boxes((LEFT, 0.48, 0))).share == 1.0
    weak = agreement(boxes((LEFT, 0.45, 0)), boxes((LEFT, 0.4, 0)))
    assert (weak.share, weak.pairs) == (1.0, [])
    assert agreement(boxes((LEFT, 0.6, 0)), boxes((LEFT, 0.1, 0))).missed == ["cat"]


def test_each_box_has_one_counterpart_the_best_overlap_first() -> None:
    near, nearer = [0.05, 0.0, 0.45, 0.4], [0.01, 0.0, 0.41, 0.4]
    seen = agreement(boxes((LEFT, 0.9, 0)), boxes((near, 0.9, 0), (nearer, 0.8, 0)))
    assert [pair.shift for pair in seen.pairs] == [pytest.approx(-0.1)]
    assert seen.added == ["cat"]


def test_nothing_found_by_both_is_agreement() -> None:
    assert agreement(boxes(), boxes()) == Agreement(1.0, [], [], [])


def test_many_boxes_are_compared_up_to_a_bound() -> None:
    many = boxes(*[([i / 500, 0.0, i / 500 + 0.001, 0.1], 0.9, 0) for i in range(300)])
    assert len(agreement(many, many).pairs) == MOST_OBJECTS


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (LEFT, LEFT, 1.0),
        (LEFT, RIGHT, 0.0),
        (LEFT, [0.0, 0.5, 0.4, 0.9], 0.0),
        (LEFT, [0.2, 0.0, 0.6, 0.4], 1 / 3),
        ([0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], 1.0),
        ([0.5, 0.5, 0.5, 0.6], [0.5, 0.55, 0.5, 0.7], 0.0),
    ],
)
def test_overlap(one: Sequence[float], other: Sequence[float], overlap: float) -> None:
    assert iou(one, other) == pytest.approx(overlap)


# Other objects


def test_the_best_class_of_a_picture_counts_however_low_its_score() -> None:
    cat, dog = Classification([0, 1], [0.3, 0.2]), Classification([1, 0], [0.3, 0.2])
    assert agreement(cat, cat).pairs == [Pair("cat", 1.0, 0.0)]
    changed = agreement(cat, dog)
    assert (changed.share, changed.missed, changed.added) == (0.0, ["cat"], ["dog"])
    assert agreement(Classification([], []), Classification([], [])).share == 1.0


def test_poses_lie_where_their_visible_points_do() -> None:
    standing = Poses([[0.1, 0.1, 0.9, 0.3, 0.5, 0.9, 0.9, 0.9, 0.0]], [0.8])
    same = Poses([[0.1, 0.1, 0.9, 0.3, 0.5, 0.9, 0.0, 0.0, 0.0]], [0.7])
    assert agreement(standing, same).pairs == [Pair("pose", 1.0, pytest.approx(-0.1))]
    hidden = Poses([[0.6, 0.6, 0.0, 0.9, 0.9, 0.0]], [0.8])
    assert agreement(standing, hidden).share == 0.0
    assert agreement(hidden, hidden).share == 1.0
    assert agreement(Poses([[]], [0.8]), Poses([[]], [0.8])).share == 1.0


# Maps


def test_segmentations_of_different_sizes() -> None:
    halves = Segmentation(64, 64, [0, 2048, 1, 2048])
    smaller = Segmentation(32, 32, [0, 512, 1, 512])
    same = agreement(halves, smaller)
    assert same.share == 1.0
    assert same.pairs == [Pair("cat", 1.0, None), Pair("dog", 1.0, None)]


def test_segmentations_that_differ() -> None:
    halves = Segmentation(64, 64, [0, 2048, 1, 2048])
    other = agreement(halves, Segmentation(64, 64, [0, 2048, 2, 2048]))
    assert (other.share, other.missed, other.added) == (0.5, ["dog"], ["cow"])
    # A strip of less than a hundredth is noise.
    strip = agreement(halves, Segmentation(640, 640, [0, 204800, 2, 6, 1, 204794]))
    assert (strip.missed, strip.added) == ([], [])
    rare = agreement(Segmentation(32, 32, [0, 1020, 1, 4]), Segmentation(32, 32, [0, 1020, 2, 4]))
    assert (rare.missed, rare.added) == ([], [])
    nothing = Segmentation(4, 4, [])
    assert agreement(nothing, nothing).share == 1.0
    assert agreement(halves, nothing).share == 0.0


def depth(low: float, high: float, *levels: int) -> DenseMap:
    return DenseMap(len(levels), 1, low, high, bytes(levels))


def test_dense_maps() -> None:
    ramp = depth(0.0, 10.0, 0, 255)
    assert agreement(ramp, ramp).share == 1.0
    assert agreement(ramp, depth(0.0, 10.0, 255, 0)).share == 0.0
    assert agreement(ramp, depth(1.0, 11.0, 0, 255)).share == pytest.approx(0.9)
    assert agreement(ramp, depth(50.0, 90.0, 0, 255)).share == 0.0
    flat, deeper = depth(3.0, 3.0, 0), depth(4.0, 4.0, 0)
    assert (agreement(flat, flat).share, agreement(flat, deeper).share) == (1.0, 0.0)
    assert agreement(flat, ramp).share == pytest.approx(0.5)
    empty = depth(0.0, 1.0)
    assert (agreement(empty, empty).share, agreement(empty, ramp).share) == (1.0, 0.0)


# Vectors and tensors


def test_embeddings() -> None:
    one = Embedding([1.0, 0.0])
    assert agreement(one, Embedding([3.0, 0.0])).share == pytest.approx(1.0)
    assert agreement(one, Embedding([1.0, 1.0])).share == pytest.approx(0.5**0.5)
    assert agreement(one, Embedding([-1.0, 0.0])).share == 0.0
    assert agreement(one, Embedding([1.0, 0.0, 0.0])).share == 0.0
    nothing = Embedding([0.0, 0.0])
    assert (agreement(nothing, nothing).share, agreement(one, nothing).share) == (1.0, 0.0)


def tensors(**values: Sequence[float]) -> Tensors:
    return Tensors(
        {
            name: Tensor("float32", (len(row),), struct.pack(f"<{len(row)}f", *row))
            for name, row in values.items()
        }
    )


def test_tensors_share_what_is_equal() -> None:
    one = tensors(a=[1.0, 2.0], b=[5.0])
    assert agreement(one, one).share == 1.0
    assert agreement(one, tensors(a=[1.001, 7.0], b=[5.0])).share == 0.75
    assert agreement(one, tensors(a=[1.0, 2.0])).share == 0.5
    assert agreement(one, tensors(a=[1.0, 2.0], b=[5.0, 5.0])).share == 0.5
    assert agreement(Tensors({}), Tensors({})).share == 1.0
    assert agreement(tensors(a=[]), tensors(a=[])).share == 1.0
    texts = [Tensors({"a": Tensor("string", (2,), data)}) for data in (["x", "y"], ["x", "z"])]
    assert agreement(*texts).share == 0.5
    unknown = Tensors({"a": Tensor("bfloat16", (1,), b"\x01\x02")})
    assert agreement(unknown, unknown).share == 1.0


def test_answers_of_different_tasks_share_nothing() -> None:
    assert agreement(boxes(), Classification([], [])) == Agreement(0.0)
