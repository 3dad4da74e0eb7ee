"""Frames whose boxes go on to a second model: one outcome each, whatever becomes of the crops."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from server.core.answers import Classification, Detections, SecondAnswers, Unanswered
from server.core.errors import BackendUnavailable, ModelFailed
from server.core.messages import Configure, Dropped, Options, Outcome, Result
from server.core.model import Lane, Model, ModelKey, Then
from server.runtime.gateway import Gateway
from tests.server.camera import Camera, word
from tests.server.puppet import DIGITS, POISON, Call, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory

FACES = ModelKey("faces")
THEN = Options(then=Then(FACES))
LANE = Lane(FACES, "serving_default")


def faces(version: int = 1, *formats: str) -> Model:
    lane = LANE._replace(signature=f"v{version}") if version > 1 else LANE
    lanes = dict.fromkeys(formats or ("jpeg", "rgb"), lane)
    return Model(FACES, version, "classification", ("ann", "bob"), 8, 8, lanes)


def boxes(count: int) -> Detections:
    """Boxes of falling scores, all over the frame."""
    return Detections(
        [[0.0, 0.0, 0.5, 0.5]] * count, [0.9 - 0.01 * i for i in range(count)], [0] * count
    )


def obey(count: int = 3, first: type | None = None) -> Any:
    """The detector finds ``count`` boxes in each frame, and every crop shows bob."""

    def judge(call: Call) -> None:
        if call.lane.model == DIGITS:
            call.answer_with([boxes(count) for _ in call.frames])
        elif any(POISON in frame.data for frame in call.frames):
            call.judge()
        else:
            call.answer_with([Classification([1, 0], [0.8, 0.2]) for _ in call.frames])

    return judge


@pytest.fixture
def puppet() -> PuppetBackend:
    puppet = PuppetBackend(obey())
    puppet.models[FACES] = faces()
    return puppet


def then_of(outcome: Outcome) -> SecondAnswers:
    assert isinstance(outcome, Result), outcome
    assert isinstance(outcome.answer, Detections)
    assert outcome.answer.then is not None
    return outcome.answer.then


def reasons(outcome: Outcome) -> list[str]:
    """For each box, why it has no answer; "" for one that has."""
    answers = then_of(outcome).answers
    return [answer.reason if isinstance(answer, Unanswered) else "" for answer in answers]


async def test_a_second_model_by_its_name_is_its_stable_version(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    stable = FACES._replace(label="stable")
    puppet.models[FACES] = faces(version=2)
    lane = LANE._replace(model=stable)
    puppet.models[stable] = replace(faces(), key=stable, lanes={"rgb": lane})
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    assert reasons(await camera.outcome(1)) == ["", "", ""]
    assert {call.lane.model for call in puppet.calls} == {DIGITS, stable}


async def test_a_result_has_what_the_second_model_says_of_each_box(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    outcome = await camera.outcome(1)
    bob = Classification([1, 0], [0.8, 0.2])
    assert then_of(outcome) == SecondAnswers(1, [bob, bob, bob], ("ann", "bob"))
    assert isinstance(outcome, Result)
    assert outcome.timing_ms.total >= outcome.timing_ms.queue + outcome.timing_ms.inference
    first, second = puppet.calls
    assert (first.lane.model, second.lane) == (DIGITS, LANE)
    assert [frame.format for frame in second.frames] == ["rgb"] * 3
    statistics = gateway.statistics()
    assert (statistics.crops_cut, statistics.crops) == (3, {"": 3})
    assert sum(statistics.second_s.counts) == sum(statistics.total_s.counts) == 1


async def test_a_canarys_share_moves_the_second_models_of_open_sessions(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    """The default model may be another model's second one."""
    canary = DIGITS._replace(label="canary")
    lane = Lane(canary, "serving_default")
    puppet.models[canary] = replace(faces(), key=canary, lanes={"rgb": lane})
    puppet.models[FACES] = replace(model(FACES), key=FACES)
    default = replace(faces(), key=DIGITS, lanes={"rgb": LANE._replace(model=DIGITS)})
    puppet.models[DIGITS] = default

    def judge(call: Call) -> None:
        if call.lane.model == FACES:
            call.answer_with([boxes(1) for _ in call.frames])
        else:
            call.answer_with([Classification([1, 0], [0.8, 0.2]) for _ in call.frames])

    puppet.obey = judge
    camera = await Camera(gateway).open(Options(model="faces", then=Then(DIGITS)))
    for number, (share, expected) in enumerate(((0.0, DIGITS), (1.0, canary), (0.0, DIGITS)), 1):
        gateway.set_canary_share(share)
        camera.shoot(number)
        assert reasons(await camera.outcome(number)) == [""]
        assert puppet.calls[-1].lane.model == expected


async def test_sessions_that_do_not_ask_for_it_get_no_second_model(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    outcome = await camera.outcome(1)
    assert isinstance(outcome, Result)
    assert outcome.answer == boxes(3)
    assert puppet.lookups.count(FACES) == 0


@pytest.mark.parametrize(
    ("options", "crops", "left"),
    [
        (Options(then=Then(FACES, max_boxes=2)), 2, 4),
        (Options(then=Then(FACES), min_score=0.885), 2, 2),
        (Options(then=Then(FACES), max_results=1), 1, 1),
        (Options(then=Then(FACES), min_score=0.95), 0, 0),
        (THEN, 3, 4),  # the setting's
    ],
)
async def test_the_best_boxes_are_cut_out(
    make_gateway: GatewayFactory, puppet: PuppetBackend, options: Options, crops: int, left: int
) -> None:
    puppet.obey = obey(4)
    gateway = make_gateway(max_crops=3)
    camera = await Camera(gateway).open(options)
    camera.shoot(1)
    answers = then_of(await camera.outcome(1)).answers
    assert [answer is not None for answer in answers] == [True] * crops + [False] * (left - crops)
    assert gateway.statistics().crops_cut == crops


async def test_crops_of_several_sessions_share_batches(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.obey = None
    gateway = make_gateway(max_batch=4, max_calls=1)
    cameras = [await Camera(gateway).open(THEN) for _ in range(2)]
    cameras[0].shoot(1)
    call = await puppet.next_call()
    cameras[1].shoot(2)
    call.answer_with([boxes(6)])
    (await puppet.next_call()).answer_with([boxes(2)])
    sizes = []
    while not all(camera.outcomes for camera in cameras):
        call = await puppet.next_call()
        sizes.append(len(call.frames))
        call.answer_with([Classification([1], [0.8]) for _ in call.frames])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if sum(sizes) == 8:
            break
    for number, camera in enumerate(cameras, 1):
        assert reasons(await camera.outcome(number)) == [""] * (6 if number == 1 else 2)
    assert sum(sizes) == 8
    assert max(sizes) == 4


async def test_a_crop_that_the_model_rejects_costs_the_others_nothing(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    good, bad = [await Camera(gateway).open(THEN) for _ in range(2)]
    bad.shoot(1, b"a!" + POISON)
    good.shoot(1)
    assert reasons(await bad.outcome(1)) == ["bad_frame"] * 3
    assert reasons(await good.outcome(1)) == [""] * 3
    assert gateway.statistics().crops == {"": 3, "bad_frame": 3}


async def test_a_frame_that_cannot_be_decoded_keeps_its_boxes(gateway: Gateway) -> None:
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1, b"broken")
    assert reasons(await camera.outcome(1)) == ["bad_frame"] * 3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (Options(then=Then(ModelKey("nobody"))), "unknown_model"),
        (Options(then=Then(ModelKey("gray"))), "unsupported_format"),
    ],
)
async def test_a_second_model_that_is_not_there_leaves_the_boxes(
    gateway: Gateway, puppet: PuppetBackend, options: Options, reason: str
) -> None:
    puppet.models[ModelKey("gray")] = replace(faces(1, "gray"), key=ModelKey("gray"))
    camera = await Camera(gateway).open(options)
    camera.shoot(1)
    outcome = await camera.outcome(1)
    assert reasons(outcome) == [reason] * 3
    assert then_of(outcome).version is None


async def test_the_second_models_failure_is_said_for_each_box(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.obey = None
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    (await puppet.next_call()).answer_with([boxes(2)])
    (await puppet.next_call()).fail(ModelFailed("out of memory"))
    assert reasons(await camera.outcome(1)) == ["model_failed"] * 2


async def test_crops_whose_time_is_over_are_expired(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.obey = None
    gateway = make_gateway(max_staleness_ms=500)
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    (await puppet.next_call()).answer_with([boxes(2)])
    call = await puppet.next_call()
    assert call.timeout_s <= 0.5
    assert reasons(await camera.outcome(1)) == ["expired"] * 2


async def test_cutting_is_bounded_by_the_frames_time(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.cuts.clear()
    camera = await Camera(make_gateway(max_staleness_ms=500)).open(THEN)
    camera.shoot(1)
    assert reasons(await camera.outcome(1)) == ["expired"] * 3


async def test_a_frame_waits_for_the_look_up_of_the_second_model(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    puppet.answers_lookups.clear()
    gateway.receive(camera.session, Configure(THEN))
    camera.shoot(1)
    puppet.answers_lookups.set()
    assert reasons(await camera.outcome(1)) == [""] * 3


async def test_a_look_up_without_an_answer_is_not_waited_for_beyond_the_frames_time(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    camera = await Camera(make_gateway(max_staleness_ms=500)).open()
    puppet.answers_lookups.clear()
    camera._gateway.receive(camera.session, Configure(THEN))
    camera.shoot(1)
    assert reasons(await camera.outcome(1)) == ["backend_unavailable"] * 3
    puppet.answers_lookups.set()


async def test_a_held_frame_keeps_its_place_in_the_window(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.cuts.clear()
    gateway = make_gateway(window=2)
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    await asyncio.wait_for(puppet.cutting.wait(), 20)
    camera.shoot(2)
    camera.shoot(3)
    assert word(await camera.outcome(2)) == "superseded"
    assert [call.ids for call in puppet.calls] == [[1]]
    puppet.cuts.set()
    assert reasons(await camera.outcome(1)) == [""] * 3
    assert reasons(await camera.outcome(3)) == [""] * 3


@pytest.mark.parametrize("stage", ["cut", "call"])
async def test_a_session_that_leaves_takes_its_crops_with_it(
    gateway: Gateway, puppet: PuppetBackend, stage: str
) -> None:
    if stage == "cut":
        puppet.cuts.clear()
    else:
        puppet.obey = None
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    if stage == "call":
        (await puppet.next_call()).answer_with([boxes(3)])
        call = await puppet.next_call()
    await asyncio.wait_for(puppet.cutting.wait(), 20)
    camera.leave()
    if stage == "cut":
        puppet.cuts.set()
    else:
        call.answer_with([Classification([1], [0.8])] * 3)
    await gateway.drain(20)
    assert gateway.statistics().outcomes["dropped", "disconnected"] == 1
    assert sum(gateway.statistics().crops.values()) == 3
    assert len(puppet.calls) == (1 if stage == "cut" else 2)


@pytest.mark.parametrize("stage", ["cut", "call"])
async def test_a_stopping_gateway_gives_held_frames_their_first_answer(
    gateway: Gateway, puppet: PuppetBackend, stage: str
) -> None:
    if stage == "cut":
        puppet.cuts.clear()
    else:
        puppet.obey = None
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    if stage == "call":
        (await puppet.next_call()).answer_with([boxes(3)])
        await puppet.next_call()
    await asyncio.wait_for(puppet.cutting.wait(), 20)
    await gateway.drain(0)
    assert reasons(camera.outcomes[1]) == ["draining"] * 3


async def test_a_gateway_that_drains_waits_for_crops(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.cuts.clear()
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    await asyncio.wait_for(puppet.cutting.wait(), 20)
    draining = asyncio.ensure_future(gateway.drain(20))
    await asyncio.sleep(0.01)
    puppet.cuts.set()
    await draining
    assert reasons(camera.outcomes[1]) == [""] * 3


async def test_the_descriptions_second_model_is_used_if_the_session_wants_it(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.models[DIGITS] = replace(model(), then=Then(FACES, max_boxes=1))
    first, second = await Camera(gateway).open(), await Camera(gateway).open(Options(then=True))
    for camera in (first, second):
        camera.shoot(1)
    assert [bool(answer) for answer in then_of(await second.outcome(1)).answers] == [1, 0, 0]
    plain = await first.outcome(1)
    assert isinstance(plain, Result)
    assert plain.answer == boxes(3)


async def test_frames_under_way_keep_the_second_model_that_they_began_with(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.cuts.clear()
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    await asyncio.wait_for(puppet.cutting.wait(), 20)
    gateway.receive(camera.session, Configure(Options(then=False)))
    puppet.cuts.set()
    assert reasons(await camera.outcome(1)) == [""] * 3


async def test_another_second_model_takes_over_and_the_one_before_is_let_go(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cats = ModelKey("cats")
    puppet.models[cats] = replace(faces(), key=cats, lanes={"rgb": LANE._replace(model=cats)})
    camera = await Camera(gateway).open(THEN)
    camera.shoot(1)
    await camera.outcome(1)
    gateway.receive(camera.session, Configure(Options(then=Then(cats))))
    camera.shoot(2)
    await camera.outcome(2)
    assert [call.lane.model for call in puppet.calls] == [DIGITS, FACES, DIGITS, cats]
    assert FACES not in [status.key for status in gateway.models()]
    gateway.receive(camera.session, Configure(Options(then=False)))
    camera.shoot(3)
    outcome = await camera.outcome(3)
    assert isinstance(outcome, Result)
    assert outcome.answer == boxes(3)
    assert cats not in [status.key for status in gateway.models()]


async def test_a_lost_connection_leaves_the_boxes(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.obey = None
    camera = await Camera(make_gateway()).open(THEN)
    camera.shoot(1)
    (await puppet.next_call()).answer_with([boxes(2)])
    await puppet.next_call()
    puppet.go_away()
    assert reasons(await camera.outcome(1)) == [BackendUnavailable.code] * 2


async def test_accounts_balance_with_fifty_crops_a_frame_at_overload(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    """Far more frames than can be answered, sessions that come and go, and an end in between."""
    loop = asyncio.get_running_loop()
    judge = obey(50)

    def late(call: Call) -> None:
        loop.call_later(0.02, judge, call)

    puppet.obey = late
    gateway = make_gateway(max_staleness_ms=2000, max_calls=2, max_crops=50)
    cameras = [await Camera(gateway).open(THEN) for _ in range(12)]
    for frame_id in range(60):
        for camera in cameras:
            camera.shoot(frame_id)
        if frame_id == 30:
            cameras.pop().leave()
        await asyncio.sleep(0.005)
    await gateway.drain(20)
    words = Counter(word(camera.outcomes[i]) for camera in cameras for i in range(60))
    assert words["result"] > 0, words
    assert words["superseded"] > 0, words
    statistics = gateway.statistics()
    assert statistics.crops_cut == sum(statistics.crops.values()) > 50
    assert statistics.crops[""] > 0
    for camera in cameras:
        for outcome in camera.outcomes.values():
            assert isinstance(outcome, Result | Dropped)
            if isinstance(outcome, Result):
                assert len(then_of(outcome).answers) == 50
                assert None not in then_of(outcome).answers


async def test_pace_is_advised_while_crops_have_no_time(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.cuts.clear()
    gateway = make_gateway(max_staleness_ms=50)
    camera = await Camera(gateway).open(THEN)
    assert not gateway._pacing.active
    camera.shoot(1)
    await camera.outcome(1)
    assert gateway._pacing.active
