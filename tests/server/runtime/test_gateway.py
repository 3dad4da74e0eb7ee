"""Sessions of a gateway in front of a backend that answers when told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from server.core.errors import BadFrame, BadMessage, Overloaded, UnusableModel
from server.core.messages import (
    Configure,
    Dropped,
    Error,
    ModelChanged,
    Options,
    Result,
    Welcome,
)
from server.core.model import ModelKey
from server.runtime import sessions
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from tests.server.camera import Camera, accounts, word
from tests.server.puppet import DIGITS, STABLE, Call, PuppetBackend, answer_to, model
from tests.server.runtime.conftest import GatewayFactory
from tests.server.samples import frame
from tests.server.waiting import turn


async def test_a_frame_is_answered(gateway: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(7)
    call = await puppet.next_call()
    assert call.ids == [7]
    call.answer()
    found = await camera.outcome(7)
    assert isinstance(found, Result)
    assert (found.id, found.batch, found.model_version) == (7, 1, 1)
    assert found.answer == answer_to(frame(7))
    timing = found.timing_ms
    assert 0 <= timing.queue <= timing.total
    assert timing.queue + timing.inference == pytest.approx(timing.total)


async def test_the_real_clock(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    """Staleness, max_wait and the timings, once, with time that passes by itself."""
    gateway = make_gateway(max_staleness_ms=2000, max_wait_ms=100)
    camera = await Camera(gateway).open()
    started = time.monotonic()
    camera.shoot(1)
    call = await puppet.next_call()
    assert 0.099 <= time.monotonic() - started < 1.999
    assert 0 < call.timeout_s <= 1.901
    assert await camera.outcome(1) == Dropped(1, "expired")
    assert 1.999 <= time.monotonic() - started < 20
    puppet.obey = Call.answer
    camera.shoot(2)
    found = await camera.outcome(2)
    assert isinstance(found, Result)
    assert 99 < found.timing_ms.queue <= found.timing_ms.total < 2000


async def test_frames_of_several_sessions_share_a_batch(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1, max_batch=4)
    cameras = [await Camera(gateway).open() for _ in range(6)]
    for number, camera in enumerate(cameras):
        camera.shoot(number)
    first = await puppet.next_call()
    assert first.ids == [0]
    first.answer()
    second = await puppet.next_call()
    assert second.ids == [1, 2, 3, 4]
    second.answer()
    (await puppet.next_call()).answer()
    found = [await camera.outcome(number) for number, camera in enumerate(cameras)]
    assert [one.batch for one in found if isinstance(one, Result)] == [1, 4, 4, 4, 4, 1]
    # Each got its own answer and no neighbour's.
    assert [one.answer for one in found if isinstance(one, Result)] == [
        answer_to(frame(number)) for number in range(6)
    ]


async def test_the_latest_frame_wins(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    gateway = make_gateway(max_calls=1)
    camera = await Camera(gateway).open()
    for frame_id in (1, 2, 3, 4):
        camera.shoot(frame_id)
    (await puppet.next_call()).answer()
    call = await puppet.next_call()
    assert call.ids == [4]
    call.answer()
    assert [word(await camera.outcome(n)) for n in (1, 2, 3, 4)] == [
        "result",
        "superseded",
        "superseded",
        "result",
    ]


async def test_a_result_that_was_overtaken(gateway: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    camera.shoot(2)
    slow, quick = await puppet.next_call(), await puppet.next_call()
    quick.answer()
    assert word(await camera.outcome(2)) == "result"
    slow.answer()
    assert await camera.outcome(1) == Dropped(1, "overtaken")


async def test_unusable_messages_are_counted_and_told(gateway: Gateway) -> None:
    camera = await Camera(gateway).open()
    camera.refuse(BadFrame("truncated"), 5)
    assert word(await camera.outcome(5)) == "bad_frame"
    camera.refuse(BadMessage("broken"), None)
    assert camera.messages[-1] == Error("bad_message", "broken", False)
    assert accounts(gateway) == (1, {"bad_frame": 1})


async def test_too_many_sessions(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(max_sessions=2)
    first, _ = Camera(gateway), Camera(gateway)
    with pytest.raises(Overloaded, match="too many sessions: at most 2 "):
        Camera(gateway)
    first.leave()
    first.leave()
    Camera(gateway)
    with pytest.raises(Overloaded):
        Camera(gateway)
    value = Metrics(gateway).registry.get_sample_value
    assert value("framewire_sessions_refused_total", {"reason": "max_sessions"}) == 2


async def test_silence_keeps_nobody_out(
    make_gateway: GatewayFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place without a hello goes to who comes next, the longest held one first."""
    monkeypatch.setattr(sessions, "GREETING_S", 0.0)
    gateway = make_gateway(max_sessions=3)
    speaks = await Camera(gateway).open()
    silent = [Camera(gateway), Camera(gateway)]
    third = await Camera(gateway).open()
    assert silent[0].closed == (1013, "no hello, and another client needs the slot")
    assert silent[1].closed is None
    fourth = await Camera(gateway).open()
    with pytest.raises(Overloaded, match="too many sessions: at most 3 "):
        Camera(gateway)
    assert [camera.closed for camera in (speaks, third, fourth)] == [None] * 3
    value = Metrics(gateway).registry.get_sample_value
    assert value("framewire_sessions_refused_total", {"reason": "no_hello"}) == 2
    assert value("framewire_sessions") == 3


async def test_who_has_just_come_may_still_say_hello(make_gateway: GatewayFactory) -> None:
    gateway = make_gateway(max_sessions=1)
    first = Camera(gateway)
    with pytest.raises(Overloaded):
        Camera(gateway)
    await first.open()
    assert first.closed is None


async def test_the_rate_of_a_session(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    gateway = make_gateway(max_frame_rate=0.001, window=2)
    camera = await Camera(gateway).open()
    for frame_id in range(3):
        camera.shoot(frame_id)
    assert word(await camera.outcome(2)) == "rate_limited"


# Sessions that leave


async def test_a_session_leaves_with_frames_waiting_and_in_flight(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1)
    leaver, stayer = await Camera(gateway).open(), await Camera(gateway).open()
    leaver.shoot(1)
    call = await puppet.next_call()
    leaver.shoot(2)
    stayer.shoot(9)
    leaver.leave()
    assert accounts(gateway) == (3, {"disconnected": 1})
    call.answer()
    rest = await puppet.next_call()
    assert rest.ids == [9]
    rest.answer()
    assert word(await stayer.outcome(9)) == "result"
    assert accounts(gateway) == (3, {"disconnected": 2, "result": 1})
    assert leaver.outcomes == {}


async def test_nothing_happens_for_a_session_that_left(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    told = len(camera.messages)
    camera.leave()
    camera.shoot(1)
    camera.refuse(BadFrame("no"), 2)
    gateway.receive(camera.session, Configure(Options(model="cats")))
    await turn()
    assert len(camera.messages) == told
    assert puppet.calls == []
    assert ModelKey("cats") not in puppet.lookups
    assert accounts(gateway) == (0, {})


async def test_a_peer_that_fails_costs_nobody_else(
    gateway: Gateway, puppet: PuppetBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, neighbour = await Camera(gateway).open(), await Camera(gateway).open()
    for camera in (broken, neighbour):
        camera.shoot(1)
    monkeypatch.setattr(broken, "send", lambda message: 1 / 0)
    for _ in range(2):
        (await puppet.next_call()).answer()
    assert word(await neighbour.outcome(1)) == "result"
    puppet.models[DIGITS] = model(version=2)
    puppet.come_back()
    await neighbour.until(lambda: isinstance(neighbour.messages[-1], ModelChanged))
    neighbour.shoot(2)
    (await puppet.next_call()).answer(2)
    assert word(await neighbour.outcome(2)) == "result"


# Models


async def test_a_session_of_an_unknown_model(gateway: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(gateway).open(Options(model="cats"))
    welcome, error = camera.messages
    assert isinstance(welcome, Welcome)
    assert welcome.model is None
    assert isinstance(error, Error)
    assert (error.code, error.id) == ("unknown_model", None)
    camera.shoot(1)
    assert word(await camera.outcome(1)) == "unknown_model"
    cats = puppet.models[ModelKey("cats")] = model(ModelKey("cats"))
    await camera.until(lambda: camera.messages[-1] == ModelChanged(cats))


async def test_an_answer_that_makes_the_model_unusable(
    make_gateway: GatewayFactory, puppet: PuppetBackend, logged: Callable[[], list[str]]
) -> None:
    gateway = make_gateway(label="stable")
    puppet.models[STABLE] = model(STABLE)
    await gateway.became_ready()
    cameras = [await Camera(gateway).open() for _ in range(3)]
    calls = [await camera.shoot_alone(puppet, 1) for camera in cameras]
    reason = UnusableModel("output 'r' has shape [6, 7] for a batch of 2")
    puppet.models[STABLE] = reason
    for call in calls:
        call.fail(reason)
    for camera in cameras:
        assert word(await camera.outcome(1)) == "unusable_model"
        camera.shoot(2)
        assert word(await camera.outcome(2)) == "unusable_model"
    assert gateway.ready() == reason
    assert logged() == [f"model digits:stable: {reason}"]
    assert gateway.statistics().outcomes["error", "unusable_model"] == 6
    counted = {"model": "digits", "version": "stable", "code": "unusable_model"}
    value = Metrics(gateway).registry.get_sample_value("framewire_model_errors_total", counted)
    assert value == 2, "the first is counted for version 1"


async def test_nothing_is_kept_of_models_without_users(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras = []
    for number in range(20):
        camera = await Camera(gateway).open(Options(model=f"m{number}"))
        gateway.receive(camera.session, Configure(Options(model=f"n{number}")))
        cameras.append(camera)
    for camera in cameras:
        camera.leave()
    await turn()
    puppet.lookups.clear()
    while puppet.lookups.count(DIGITS) < 2:
        gateway._models.invalidate(DIGITS)
        await asyncio.sleep(0.001)
    assert set(puppet.lookups) <= {DIGITS, STABLE}
    assert len([task for task in asyncio.all_tasks() if "_follow" in repr(task)]) == 2


async def test_the_labels_of_a_model_without_users_are_forgotten_too(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cats, labelled = ModelKey("cats"), ModelKey("cats", "stable")
    puppet.models[cats] = model(cats, 2)
    puppet.models[labelled] = model(labelled)
    cameras = [await Camera(gateway).open(Options(model="cats")) for _ in range(2)]
    cameras[0].leave()
    assert gateway._models.current(labelled) is not None
    cameras[1].leave()
    assert gateway._models.current(labelled) is gateway._models.current(cats) is None


async def test_a_new_version_in_the_answers_is_looked_up_and_told(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    newer = puppet.models[DIGITS] = model(version=2)
    camera.shoot(1)
    (await puppet.next_call()).answer(version=2)
    found = await camera.outcome(1)
    assert isinstance(found, Result)
    assert found.model_version == 2
    await camera.until(lambda: camera.messages[-1] == ModelChanged(newer))


async def test_a_change_is_told_to_the_sessions_of_that_model_alone(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cats = ModelKey("cats")
    puppet.models[cats] = model(cats)
    camera, other = await Camera(gateway).open(), await Camera(gateway).open(Options(model="cats"))
    newer = puppet.models[DIGITS] = model(version=2)
    puppet.come_back()
    await camera.until(lambda: camera.messages[-1] == ModelChanged(newer))
    assert [type(message) for message in other.messages] == [Welcome]


async def test_frames_after_configure_travel_to_the_new_model(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cats = ModelKey("cats", version=4)
    puppet.models[cats] = model(cats, version=4)
    camera = await Camera(gateway).open()
    camera.shoot(1)
    gateway.receive(camera.session, Configure(Options(model="cats", version=4)))
    await camera.until(lambda: camera.messages[-1] == ModelChanged(puppet.models[cats]))
    camera.shoot(2)
    old, new = await puppet.next_call(), await puppet.next_call()
    assert (old.lane.model, new.lane.model) == (DIGITS, cats)
    old.answer()
    new.answer(4)
    assert word(await camera.outcome(2)) == "result"
