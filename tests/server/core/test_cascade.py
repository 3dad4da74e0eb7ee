"""Which boxes a second model gets, where they lie, and how its answers get back to them."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from server.core.answers import (
    Answer,
    BoxMasks,
    Classification,
    DenseMap,
    Detections,
    Embedding,
    Poses,
    SecondAnswers,
    Segmentation,
    Tensor,
    Tensors,
    Unanswered,
)
from server.core.cascade import MAX_PIXELS, Crops, Region, count_chosen
from server.core.cascade.regions import placed, regions
from server.core.cascade.sizes import MAX_BYTES, size_of
from server.core.messages import Dropped, Error, Frame, Options, Result, Timing
from server.core.model import ModelKey, Then
from server.core.preferences import Preferences
from server.core.wire import to_map

KEY = ModelKey("digits")
THEN = Then(ModelKey("faces"))
FRAME = Frame(7, "jpeg", b"", 100, 50)
BOXES = Detections([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]], [0.9, 0.4], [1, 2])


def crops(count: int = 2, then: Then = THEN, frame: Frame = FRAME) -> Crops:
    return Crops(frame, BOXES, count, then)


def result(answer: Answer, version: int = 3) -> Result:
    return Result(0, version, 1, Timing(0, 0, 0), answer)


@pytest.mark.parametrize(
    ("preferences", "max_boxes", "most", "count"),
    [
        ({}, None, 20, 4),
        ({}, None, 3, 3),
        ({}, 2, 20, 2),
        ({}, 50, 3, 3),
        ({"max_results": 1}, 2, 20, 1),
        ({"min_score": 0.5}, None, 20, 2),
        ({"min_score": 0.5}, 1, 20, 1),
        ({"min_score": 1.0}, None, 20, 0),
    ],
)
def test_the_best_boxes_that_the_session_sees_are_chosen(
    preferences: dict[str, Any], max_boxes: int | None, most: int, count: int
) -> None:
    boxes = Detections([[0, 0, 1, 1]] * 4, [0.9, 0.5, 0.4, 0.1], [0] * 4)
    wanted = Preferences(KEY, **preferences)
    assert count_chosen(boxes, wanted, Then(KEY, max_boxes), most) == count


@pytest.mark.parametrize(
    ("box", "region"),
    [
        ([0.0, 0.0, 1.0, 1.0], Region(0, 0, 100, 50)),
        ([0.104, 0.1, 0.296, 0.29], Region(10, 5, 30, 14)),
        ([0.5, 0.5, 0.5, 0.5], Region(50, 25, 51, 26)),
        ([1.0, 1.0, 1.0, 1.0], Region(99, 49, 100, 50)),
        ([0.9, 0.9, 0.1, 0.1], Region(90, 45, 91, 46)),  # the wrong way round
    ],
)
def test_a_region_has_the_nearest_pixels_and_at_least_one(box: list[float], region: Region) -> None:
    assert regions([box], (100, 50)) == [region]


def test_a_sideways_frame_is_measured_upright() -> None:
    frame = Frame(1, "jpeg", b"", 100, 50, None, 6)
    assert Crops(frame, BOXES, 1, THEN).regions == [Region(0, 0, 25, 50)]


def test_crops_that_are_too_large_together_are_scaled_down_by_whole_numbers() -> None:
    large, small = [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.1, 0.1]
    first, *others, last = regions([large] * 9 + [small], (4001, 3000))
    assert first.shrink > 1
    assert set(others) == {first}
    assert last.shrink == 1
    assert first.size == (-(-4001 // first.shrink), -(-3000 // first.shrink))
    assert 10 * first.size[0] * first.size[1] <= MAX_PIXELS
    assert regions([], (100, 50)) == []


def test_boxes_and_points_get_back_into_the_frame() -> None:
    region = Region(50, 25, 100, 50)
    boxes = Detections([[0.0, 0.5, 1.0, 1.0]], [0.9], [1])
    assert placed(boxes, region, (100, 50)) == Detections([[0.5, 0.75, 1.0, 1.0]], [0.9], [1])
    rotated = boxes._replace(corners=[[0.0, 0.5, 0.5, 0.0, 1.0, 0.5, 0.5, 2.0]])
    corners = placed(rotated, region, (100, 50)).corners
    assert corners == [[0.5, 0.75, 0.75, 0.5, 1.0, 0.75, 0.75, 1.5]]
    poses = Poses([[0.0, 0.5, 0.9, 1.0, 1.0, 0.1]], [0.8])
    assert placed(poses, region, (100, 50)) == Poses([[0.5, 0.75, 0.9, 1.0, 1.0, 0.1]], [0.8])
    vector = Embedding([0.5])
    assert placed(vector, region, (100, 50)) is vector


def test_crops_become_frames_that_are_known_by_their_box() -> None:
    cut = crops()
    assert cut.pixels == 2 * 50 * 25
    first, second = cut.frames([b"a", b"b"], "png")
    assert (first.id, first.format, first.data) == (0, "png", b"a")
    assert (second.id, second.width, second.height, second.cost) == (1, 50, 25, 1250)


def test_answers_are_collected_box_by_box() -> None:
    cut = crops(then=Then(KEY, min_score=0.3, max_results=1))
    assert cut.left == {0, 1}
    cut.resolve(1, result(Classification([4, 5], [0.2, 0.1]), version=4))
    assert cut.left == {0}
    cut.resolve(0, result(Classification([1, 2], [0.9, 0.8])))
    assert not cut.left
    assert not cut.incomplete
    assert cut.outcomes == {"": 2}
    answers = [Classification([1], [0.9]), Classification([], [])]
    assert cut.answer(("a", "b")).then == SecondAnswers(4, answers, ("a", "b"))


@pytest.mark.parametrize(
    ("outcome", "reason", "incomplete"),
    [
        (Dropped(0, "expired"), "expired", True),
        (Dropped(0, "draining"), "draining", False),
        (Error("overloaded", "full", True, 0), "overloaded", True),
        (Error("bad_frame", "truncated", False, 0), "bad_frame", False),
    ],
)
def test_a_crop_without_an_answer_says_why(
    outcome: Dropped | Error, reason: str, incomplete: bool
) -> None:
    cut = crops(1)
    cut.resolve(0, outcome)
    assert cut.outcomes == {reason: 1}
    assert cut.incomplete is incomplete
    assert cut.answer(()).then == SecondAnswers(None, [Unanswered(reason), None])


def test_what_is_left_fails_together() -> None:
    cut = crops()
    cut.resolve(1, result(Embedding([0.5])))
    cut.fail("unknown_model")
    assert not cut.left
    assert cut.outcomes == {"": 1, "unknown_model": 1}
    then = cut.answer(()).then
    assert then == SecondAnswers(3, [Unanswered("unknown_model"), Embedding([0.5])])


LARGE = Tensors({"t": Tensor("uint8", (MAX_BYTES - 8,), bytes(MAX_BYTES - 8))})


def test_answers_that_are_too_large_together_are_left_out() -> None:
    three = Detections([[0.0, 0.0, 0.5, 0.5]] * 3, [0.9, 0.8, 0.7], [1, 2, 3])
    cut = Crops(FRAME, three, 3, THEN)
    cut.resolve(0, result(LARGE))
    cut.resolve(1, result(Embedding([0.5])))
    cut.resolve(2, result(DenseMap(8, 1, 0.0, 1.0, bytes(8))))
    assert cut.outcomes == {"": 2, "answer_too_large": 1}
    assert not cut.incomplete
    then = cut.answer(()).then
    assert then is not None
    assert then.answers[1] == Unanswered("answer_too_large")
    assert isinstance(then.answers[2], DenseMap), "a smaller one still fits"


def test_what_the_session_does_not_want_takes_no_room() -> None:
    cut = Crops(FRAME, BOXES, 2, Then(KEY, max_results=1))
    many = [0.5] * MAX_BYTES
    cut.resolve(0, result(Classification(list(range(MAX_BYTES)), many)))
    cut.resolve(1, result(Embedding([0.5])))
    assert cut.outcomes == {"": 2}


@pytest.mark.parametrize(
    "answer",
    [
        Detections([[0.1, 0.2, 0.3, 0.4]] * 40, [0.9] * 40, [7] * 40),
        Detections([[0.1, 0.2, 0.3, 0.4]], [0.9], [7], masks=BoxMasks(90, 90, [list(range(999))])),
        Detections([[0.1] * 4] * 9, [0.9] * 9, [7] * 9, corners=[[0.123] * 8] * 9),
        Classification(list(range(99)), [0.123] * 99),
        Poses([[0.123] * 51] * 9, [0.9] * 9),
        Segmentation(99, 99, [300, 400] * 99),
        Embedding([0.123] * 128),
        DenseMap(20, 20, 0.0, 1.0, bytes(400)),
        Tensors({"t": Tensor("float32", (99,), bytes(396))}),
        Tensors({"t": Tensor("string", (99,), ["text"] * 99)}),
    ],
)
def test_sizes_are_about_those_on_the_wire(answer: Answer) -> None:
    fields = to_map(result(answer), text=False)
    about = len(msgpack.packb(fields)) - len(msgpack.packb(to_map(result(Embedding([])), False)))
    assert 0.6 * size_of(answer) < about < 1.4 * size_of(answer) + 60
    assert size_of(Embedding([])) == size_of(Detections([], [], [])) == 0


def test_limits_of_the_session_apply_to_both_answers() -> None:
    cut = crops()
    cut.fail("expired")
    left = cut.answer(()).limited(0.5, None)
    assert left.boxes == BOXES.boxes[:1]
    assert left.then == SecondAnswers(None, [Unanswered("expired")])


def test_options_that_are_not_given_leave_the_second_model() -> None:
    wanted = Preferences(KEY).with_options(Options(then=THEN))
    assert wanted.then == THEN
    assert wanted.with_options(Options()).then == THEN
    assert wanted.with_options(Options(then=True)).then is True
    assert wanted.with_options(Options(then=False)).then is None
