"""Frames under way when a new version takes them in another lane."""

from __future__ import annotations

from dataclasses import replace

from server.backend.interface import Inference, LaneChanged
from server.core.messages import Error, ModelChanged, Result, Welcome
from server.core.model import Lane, Model
from server.runtime.gateway import Gateway
from tests.server.camera import Camera, word
from tests.server.puppet import DIGITS, Call, PuppetBackend, answer_to, model

SINGLE = Lane(DIGITS, "single", 1)


def newer(**lanes: Lane) -> Model:
    """Version 2, which takes one frame a call."""
    return replace(model(version=2), lanes=lanes)


async def test_they_are_sent_again_in_their_new_lane(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras = [await Camera(gateway).open() for _ in range(3)]
    calls = [await camera.shoot_alone(puppet, 1) for camera in cameras]
    found = puppet.models[DIGITS] = newer(jpeg=SINGLE)
    puppet.obey = lambda call: call.answer(2)
    for call in calls:
        call.fail(LaneChanged(found))
    outcomes = [await camera.outcome(1) for camera in cameras]
    assert {one.model_version for one in outcomes if isinstance(one, Result)} == {2}
    assert [word(one) for one in outcomes] == ["result"] * 3
    assert {(call.lane, len(call.frames)) for call in puppet.calls[3:]} == {(SINGLE, 1)}
    # Each session learns the new version once, and nothing that is not true.
    for camera in cameras:
        welcome, changed, result = camera.messages
        assert isinstance(welcome, Welcome)
        assert changed == ModelChanged(found)
        assert isinstance(result, Result)


async def test_a_frame_that_the_new_version_does_not_take_may_be_sent_again(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    call = await puppet.next_call()
    found = puppet.models[DIGITS] = newer(png=SINGLE)
    call.fail(LaneChanged(found))
    outcome = await camera.outcome(1)
    assert isinstance(outcome, Error)
    assert (outcome.code, outcome.retryable) == ("model_failed", True)
    camera.shoot(2)
    assert word(await camera.outcome(2)) == "unsupported_format"


async def test_a_lane_that_changes_all_the_time_ends_with_the_frames_budget(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    lanes = [Lane(DIGITS, f"signature {number}") for number in range(20)]

    def change(call: Call) -> None:
        if lanes:
            call.fail(LaneChanged(newer(jpeg=lanes.pop())))
        else:
            call.answer(2)

    puppet.obey = change
    camera.shoot(1)
    assert word(await camera.outcome(1)) == "result"
    assert len(puppet.calls) == 21


async def test_sessions_learn_a_new_version_before_its_first_result(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    call = await puppet.next_call()
    found = puppet.models[DIGITS] = newer(jpeg=SINGLE)
    call.ended.set_result(Inference(2, [answer_to(call.frames[0])], found))
    assert word(await camera.outcome(1)) == "result"
    assert camera.messages[1] == ModelChanged(found)
    assert isinstance(camera.messages[2], Result)
