"""A second model: asked for, typed, and checked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from framewire.client import Classification, Result, SecondAnswer, SecondModel
from tests.framewire.client.puppet import MODEL, Puppet

TWO = {"boxes": [[0, 0, 1, 1]] * 3, "scores": [0.9, 0.8, 0.7], "classes": [1, 0, 0]}


@pytest.mark.parametrize(
    ("then", "sent"),
    [
        (True, True),
        (False, False),
        ("faces", "faces"),
        (SecondModel("faces"), {"model": "faces"}),
        (
            SecondModel("faces", "stable", None, 3, 0.5, 1),
            {
                "model": "faces",
                "label": "stable",
                "max_boxes": 3,
                "min_score": 0.5,
                "max_results": 1,
            },
        ),
    ],
)
def test_it_is_asked_for(then: Any, sent: Any) -> None:
    puppet = Puppet(then=then).ready()
    assert puppet.sent[0]["then"] == sent


def test_each_detection_has_its_answer_or_why_there_is_none() -> None:
    puppet = Puppet(then="faces").ready()
    puppet.offer("a")
    faces = {"classes": [1, 9], "scores": [0.9, 0.1], "labels": ["bob", None]}
    answers = [faces, {"missing": "expired"}, None]
    puppet.answer(1, **TWO, then={"model_version": 4, "answers": answers})
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    bob = (Classification(0.9, 1, "bob"), Classification(0.1, 9, "9"))
    assert [detection.second for detection in result.detections] == [
        SecondAnswer(classes=bob),
        SecondAnswer(missing="expired"),
        None,
    ]


def test_without_it_detections_have_none() -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    puppet.answer(1, **TWO)
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    assert [detection.second for detection in result.detections] == [None] * 3


def test_a_model_says_which_second_model_is_meant_for_it() -> None:
    puppet = Puppet().ready()
    assert puppet.session.model is not None
    assert puppet.session.model.then is None
    then = {"model": "faces", "min_score": 0.0, "max_results": 5, "novelty": 1}
    puppet.receive({"type": "model_changed", "model": {**MODEL, "then": then}})
    assert puppet.session.model.then == SecondModel("faces", min_score=0.0, max_results=5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"label": "a", "version": 1}, "only one of 'label' and 'version'"),
        ({"max_boxes": 51}, "'max_boxes' must be in 1..50, not 51"),
        ({"min_score": 2}, "'min_score' must be in 0..1"),
        ({"max_results": -1}, "'max_results' must be in 0..100"),
    ],
)
def test_options_that_the_gateway_would_reject(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SecondModel("faces", **options)
