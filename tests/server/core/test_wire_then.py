"""``then`` on the wire: how a session asks for a second model, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from server.core.answers import Classification, Detections, SecondAnswers, Unanswered
from server.core.errors import BadMessage
from server.core.messages import Result, Timing
from server.core.model import Model, ModelKey, ModelStatus, Then
from server.core.wire import JSON, check_options, encode, status_map, to_map

FACES = ModelKey("faces")


@pytest.mark.parametrize(
    ("value", "then"),
    [
        (None, None),
        (True, True),
        (False, False),
        ("faces", Then(FACES)),
        ({"model": "faces"}, Then(FACES)),
        ({"model": "faces", "label": "stable"}, Then(ModelKey("faces", "stable"))),
        ({"model": "faces", "version": 3}, Then(ModelKey("faces", None, 3))),
        (
            {"model": "faces", "max_boxes": 7, "min_score": 0.5, "max_results": 0},
            Then(FACES, 7, 0.5, 0),
        ),
    ],
)
def test_a_second_model_has_a_name_or_options(value: Any, then: Any) -> None:
    assert check_options({"then": value}).then == then


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "'then' must be true, false, a model's name or a map, not a number"),
        ([], "not an array"),
        ("", "'model' must be a string of 1 to 256"),
        ({}, "'then' needs the name of a 'model'"),
        ({"model": 7}, "'model' must be a string"),
        ({"model": "a", "label": "b", "version": 1}, "exclude each other"),
        ({"model": "a", "max_boxes": 0}, "'max_boxes' must be an integer from 1 to 50"),
        ({"model": "a", "max_boxes": 51}, "'max_boxes' must be an integer from 1 to 50"),
        ({"model": "a", "max_results": 101}, "'max_results' must be an integer from 0 to 100"),
        ({"model": "a", "min_score": 2}, "'min_score' must be a number from 0 to 1"),
    ],
)
def test_wrong_options_are_named(value: Any, words: str) -> None:
    with pytest.raises(BadMessage, match=words):
        check_options({"then": value})


def test_a_result_has_an_entry_for_each_box() -> None:
    answers = [Classification([1, 9], [0.123456, 0.05]), Unanswered("expired"), None]
    boxes = Detections([[0.0, 0.0, 1.0, 1.0]] * 3, [0.9, 0.8, 0.7], [0, 0, 0])
    then = SecondAnswers(4, answers, ("ann", "bob"))
    boxes = Detections(boxes.boxes, boxes.scores, boxes.classes, None, then)
    message = Result(1, 1, 1, Timing(0, 0, 0), boxes)
    assert to_map(message, text=True)["then"] == {
        "model_version": 4,
        "answers": [
            {"classes": [1, 9], "scores": [0.12346, 0.05], "labels": ["bob", None]},
            {"missing": "expired"},
            None,
        ],
    }
    assert "then" not in to_map(Result(1, 1, 1, Timing(0, 0, 0), Detections([], [], [])), True)
    assert isinstance(encode(message, JSON), str)


def test_a_model_without_labels_gets_no_names() -> None:
    then = SecondAnswers(4, [Classification([1], [0.5])])
    boxes = Detections([[0.0, 0.0, 1.0, 1.0]], [0.9], [0], None, then)
    fields = to_map(Result(1, 1, 1, Timing(0, 0, 0), boxes), text=False)
    assert fields["then"]["answers"] == [{"classes": [1], "scores": [0.5]}]


@pytest.mark.parametrize(
    "then",
    [
        {"model": "faces", "min_score": 0.0, "max_results": 5},
        {"model": "faces", "label": "a", "max_boxes": 3, "min_score": 0.5, "max_results": 1},
    ],
)
def test_a_model_says_which_second_model_is_meant_as_one_would_ask_for_it(then: Any) -> None:
    model = Model(FACES, 1, "detection", then=check_options({"then": then}).then)  # type: ignore[arg-type]
    assert status_map(ModelStatus(FACES, model, False))["then"] == then
    assert "then" not in status_map(ModelStatus(FACES, Model(FACES, 1, "detection"), False))
