"""A gateway of a later version may say more than this client knows; the session goes on."""

from __future__ import annotations

from typing import Any

import pytest

from framewire.client import Dropped, Failed, Result, SecondModel
from tests.framewire.client.puppet import LIMITS, MODEL, RESULT, Puppet


def answered(**fields: Any) -> Result:
    """The outcome of a frame whose result has these fields instead of a detection's."""
    puppet = Puppet().ready()
    puppet.offer("a")
    common = {name: RESULT[name] for name in ("type", "model_version", "batch", "timing_ms")}
    puppet.receive({**common, "id": 1, **fields})
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    return result


def test_unknown_fields_of_any_message() -> None:
    later = {"later": {"deep": [1, None]}}
    puppet = Puppet().ready(**later, model={**MODEL, **later}, limits={**LIMITS, **later})
    puppet.receive({"type": "pace", "frames_per_s": None, **later})
    puppet.offer("a")
    timing = {**RESULT["timing_ms"], **later}
    puppet.answer(1, **later, timing_ms=timing, then={**later}, box_masks=MASKS)
    assert isinstance(puppet.outcome("a"), Result)


MASKS = {"width": 1, "height": 1, "runs": [[0, 1]], "confidence": 0.5}


@pytest.mark.parametrize(
    "then",
    [
        {"model": "faces", "max_boxes": 500},
        {"model": "faces", "min_score": -1, "max_results": 1000},
        {"model": "faces", "label": "stable", "version": 3},
        {"model": "faces", "version": "1.2", "later": True},
    ],
)
def test_a_second_model_beyond_what_this_client_asks_for(then: dict[str, Any]) -> None:
    puppet = Puppet(then=True).ready(model={**MODEL, "then": then})
    assert puppet.session.state == "ready"
    model = puppet.session.model
    assert model is not None
    assert model.then is not None
    assert model.then.message() == {name: then[name] for name in then if name != "later"}
    with pytest.raises((TypeError, ValueError)):  # what this client sends is still checked
        SecondModel(**{name: value for name, value in then.items() if name != "later"})


def test_a_task_and_formats_that_are_unknown() -> None:
    model = {**MODEL, "task": "captions", "formats": ["avif", "jpeg"], "resize": "crop"}
    puppet = Puppet().ready(model=model)
    assert puppet.session.model is not None
    assert puppet.session.model.task == "captions"


@pytest.mark.parametrize(
    "fields",
    [
        {"captions": ["a dog"], "scores": [0.9]},
        {"boxes": [[0, 0, 1, 1]], "texts": ["EXIT"]},
        {"boxes": [[0, 0, 1, 1]], "scores": [0.9], "texts": ["EXIT"]},
        {"keypoints": [[0.1, 0.2, 0.3]]},
        {"classes": [1]},
    ],
)
def test_a_task_that_shares_fields_with_known_ones(fields: dict[str, Any]) -> None:
    result = answered(**fields)
    assert (result.detections, result.classes, result.poses) == ((), (), ())
    assert {name: result.message[name] for name in fields} == fields


def test_events_of_unknown_kinds() -> None:
    cross = {"kind": "cross", "id": 7, "class": 1, "line": "door", "at": 100.5, "to": "left"}
    loiter = {"kind": "loiter", "id": 7, "class": 1, "zone": "yard", "at": 200, "seconds": 5}
    crowded = {"kind": "crowded", "zone": "yard", "at": 300}
    detection = {name: RESULT[name] for name in ("boxes", "scores", "classes")}
    result = answered(**detection, events=[crowded, loiter, cross], counts=[])
    assert [event.kind for event in result.events] == ["loiter", "cross"]
    assert result.message["events"][0] == crowded


def test_an_unknown_reason_and_an_unknown_code() -> None:
    puppet = Puppet().ready()
    puppet.offer("a", "b")
    puppet.receive({"type": "dropped", "id": 1, "reason": "of_the_future", "later": 1})
    error = {"type": "error", "code": "of_the_future", "message": "new", "retryable": True}
    puppet.offer("b2")
    puppet.receive({**error, "id": 2})
    puppet.receive(error)  # about the session
    assert puppet.outcome("a") == Dropped("a", "of_the_future")
    failed = [outcome for outcomes in puppet.outcomes.values() for outcome in outcomes]
    assert [one.code for one in failed if isinstance(one, Failed)] == ["of_the_future"]
    assert puppet.session.state == "ready"


def test_an_unknown_reason_for_a_second_answer() -> None:
    detection = {name: RESULT[name] for name in ("boxes", "scores", "classes")}
    answers = [{"missing": "of_the_future", "later": 1}]
    [box] = answered(**detection, then={"model_version": 1, "answers": answers}).detections
    assert box.second is not None
    assert box.second.missing == "of_the_future"
