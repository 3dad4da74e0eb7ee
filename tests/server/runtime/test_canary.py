"""Labels that come, move and go under sessions that name none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server.core.errors import ModelFailed, NotLoaded, UnknownModel
from server.core.messages import Configure, Options, Result, Welcome
from server.core.model import ModelKey
from server.runtime import models as models_module
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from tests.server.camera import Camera, word
from tests.server.puppet import CANARY, DIGITS, STABLE, Call, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory
from tests.server.waiting import until


@pytest.fixture
def all_canary(make_gateway: GatewayFactory, puppet: PuppetBackend) -> Gateway:
    """A gateway whose sessions all try the canary: version 2, the stable one being 1."""
    puppet.models[STABLE] = model(STABLE, 1)
    puppet.models[CANARY] = model(CANARY, 2)
    return make_gateway(canary_share=1.0)


def told(camera: Camera) -> list[str]:
    """Version and label, as welcome and model_changed told them."""
    models = [getattr(message, "model", None) for message in camera.messages]
    return [f"{one.version} {one.key.label}" for one in models if one is not None]


async def hears(camera: Camera, last: str) -> None:
    """Wait until this is the last that was told of the model."""
    await camera.until(lambda: told(camera)[-1:] == [last])


async def answered(camera: Camera, puppet: PuppetBackend, frame_id: int) -> tuple[ModelKey, int]:
    """The label that a frame went to, and the version that its result names."""
    camera.shoot(frame_id)
    call = await puppet.next_call()
    call.answer(puppet.models[call.lane.model].version)  # type: ignore[union-attr]
    outcome = await camera.outcome(frame_id)
    assert isinstance(outcome, Result)
    return call.lane.model, outcome.model_version


async def test_sessions_follow_stable_as_soon_as_there_is_one(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    assert told(camera) == ["1 None"]
    assert await answered(camera, puppet, 1) == (DIGITS, 1)
    puppet.models[STABLE] = model(STABLE, 1)
    await hears(camera, "1 stable")
    assert await answered(camera, puppet, 2) == (STABLE, 1)


async def test_a_share_of_none_knows_no_canary(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.models[CANARY] = model(CANARY, 2)
    camera = await Camera(make_gateway()).open()
    assert told(camera) == ["1 None"]
    assert CANARY not in puppet.lookups


async def test_the_canary_comes_and_goes(all_canary: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(all_canary).open()
    assert told(camera) == ["2 canary"]
    assert await answered(camera, puppet, 1) == (CANARY, 2)
    del puppet.models[CANARY]
    all_canary._models.invalidate(CANARY)
    await hears(camera, "1 stable")
    assert await answered(camera, puppet, 2) == (STABLE, 1)
    puppet.models[CANARY] = model(CANARY, 3)
    await hears(camera, "3 canary")
    assert await answered(camera, puppet, 3) == (CANARY, 3)


async def test_without_any_label_the_canarys_sessions_get_the_newest(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    camera = await Camera(make_gateway(canary_share=1.0)).open()
    assert told(camera) == ["1 None"]


async def test_sessions_that_name_a_label_or_version_keep_it(
    all_canary: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(all_canary).open(Options(label="stable"))
    assert told(camera) == ["1 stable"]
    puppet.models[ModelKey("digits", version=1)] = model(ModelKey("digits", version=1), 1)
    all_canary.receive(camera.session, Configure(Options(version=1)))
    await hears(camera, "1 None")
    all_canary.receive(camera.session, Configure(Options(model="digits")))
    await hears(camera, "2 canary")


async def test_frames_under_way_when_their_label_goes_are_answered_by_the_next(
    all_canary: Gateway, puppet: PuppetBackend
) -> None:
    cameras = [await Camera(all_canary).open() for _ in range(3)]
    calls = [await camera.shoot_alone(puppet, 1) for camera in cameras]
    assert {call.lane.model for call in calls} == {CANARY}
    del puppet.models[CANARY]
    puppet.obey = lambda call: call.answer(1)
    for call in calls:
        call.fail(UnknownModel("Unrecognized servable version label: canary"))
    outcomes = [await camera.outcome(1) for camera in cameras]
    assert [word(one) for one in outcomes] == ["result"] * 3
    assert {one.model_version for one in outcomes if isinstance(one, Result)} == {1}
    assert all(told(camera) == ["2 canary", "1 stable"] for camera in cameras)


async def test_a_batch_has_one_label(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    puppet.models[STABLE] = model(STABLE, 1)
    puppet.models[CANARY] = model(CANARY, 2)
    gateway = make_gateway(canary_share=0.5, max_calls=1)
    cameras = [await Camera(gateway).open() for _ in range(24)]
    labels = {camera.session.id: told(camera)[0].split()[1] for camera in cameras}
    assert set(labels.values()) == {"stable", "canary"}
    for number, camera in enumerate(cameras):
        camera.shoot(number)
    puppet.obey = Call.answer
    for number, camera in enumerate(cameras):
        assert word(await camera.outcome(number)) == "result"
    for call in puppet.calls:
        sent = {labels[cameras[frame.id].session.id] for frame in call.frames}
        assert sent == {call.lane.model.label}


async def test_the_share_follows_the_labels_of_steps(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    half, everyone = ModelKey("digits", "canary-50"), ModelKey("digits", "canary-100")
    puppet.models[STABLE] = model(STABLE, 1)
    gateway = make_gateway(canary_steps="50,100")
    assert gateway.statistics().canary_shares == {"canary-50": 0.5, "canary-100": 1.0}
    cameras = [await Camera(gateway).open() for _ in range(24)]
    assert all(told(camera) == ["1 stable"] for camera in cameras)

    def versions() -> set[int]:
        return {int(told(camera)[-1].split()[0]) for camera in cameras}

    puppet.models[half] = model(half, 2)
    await until(lambda: versions() == {1, 2})
    first = [camera for camera in cameras if told(camera)[-1] == "2 canary-50"]
    puppet.models[everyone] = model(everyone, 2)
    await until(lambda: versions() == {2})
    del puppet.models[half]
    assert all(told(camera)[-1] == "2 canary-100" for camera in cameras)
    assert all(told(camera) == ["1 stable", "2 canary-50", "2 canary-100"] for camera in first)
    del puppet.models[everyone]
    for label in (half, everyone):
        gateway._models.invalidate(label)
    await until(lambda: versions() == {1})


async def test_no_model_server_is_no_reason_to_try_another_label(
    all_canary: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(all_canary).open()
    puppet.go_away()
    await camera.until(lambda: getattr(camera.messages[-1], "model", 0) is None)
    assert told(camera) == ["2 canary"]
    puppet.come_back()
    await camera.until(lambda: len(told(camera)) == 2)
    assert told(camera) == ["2 canary", "2 canary"]


async def test_while_stable_is_loading_nobody_gets_the_newest(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    """As after a restart of the model server, when the canary's version may be loaded first."""
    puppet.models[STABLE] = NotLoaded("Servable not found for request: Specific(digits, 1)")
    puppet.models[CANARY] = NotLoaded("Servable not found for request: Specific(digits, 2)")
    gateway = make_gateway(canary_share=1.0)
    camera = await Camera(gateway).open()
    assert told(camera) == []
    assert gateway.ready() is not None
    camera.shoot(1)
    assert word(await camera.outcome(1)) == "backend_unavailable"
    puppet.models[STABLE] = model(STABLE, 1)
    await hears(camera, "1 stable")
    puppet.models[CANARY] = model(CANARY, 2)
    await hears(camera, "2 canary")
    assert gateway.ready() is None


async def test_a_label_that_is_not_there_is_no_news_for_the_log(
    gateway: Gateway, logged: Callable[[], list[str]]
) -> None:
    await Camera(gateway).open()
    assert logged() == []


async def test_what_a_client_asks_for_in_vain_is_no_news_for_the_log(
    gateway: Gateway, logged: Callable[[], list[str]]
) -> None:
    camera = await Camera(gateway).open()
    for number in range(3):
        name = f"no-{number}"
        gateway.receive(camera.session, Configure(Options(model=name)))
        await camera.until(lambda name=name: name in getattr(camera.messages[-1], "message", ""))
    assert logged() == []


def sample(gateway: Gateway, name: str, **labels: str) -> float:
    return Metrics(gateway).registry.get_sample_value(f"framewire_model_{name}", labels) or 0.0


async def test_a_version_that_fails_is_seen_in_its_figures(
    all_canary: Gateway, puppet: PuppetBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "FIRST_PAUSE_S", 60)
    camera = await Camera(all_canary).open()
    other = await Camera(all_canary).open(Options(label="stable"))
    await answered(other, puppet, 1)
    camera.shoot(1)
    (await puppet.next_call()).fail(ModelFailed("no kernel"))
    assert word(await camera.outcome(1)) == "model_failed"
    digits = {"model": "digits"}
    assert sample(all_canary, "errors_total", **digits, version="2", code="model_failed") == 1
    assert sample(all_canary, "results_total", **digits, version="2") == 0
    assert sample(all_canary, "results_total", **digits, version="1") == 1
    assert sample(all_canary, "inference_seconds_count", **digits, version="1") == 1
    assert sample(all_canary, "sessions", **digits, version="2", label="canary") == 1
    assert sample(all_canary, "sessions", **digits, version="1", label="stable") == 1


async def test_a_label_that_is_gone_is_counted_under_its_name(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    blue = ModelKey("digits", "blue")
    puppet.models[blue] = model(blue, 4)
    camera = await Camera(gateway).open(Options(label="blue"))
    camera.shoot(1)
    camera.shoot(2)
    first, second = await puppet.next_call(), await puppet.next_call()
    del puppet.models[blue]
    first.fail(UnknownModel("gone"))
    await camera.outcome(1)
    second.fail(UnknownModel("gone"))
    await camera.outcome(2)
    for version in ("4", "blue"):
        labels = {"model": "digits", "version": version, "code": "unknown_model"}
        assert sample(gateway, "errors_total", **labels) == 1


async def test_welcome_waits_for_the_label_that_is_looked_up(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.models[STABLE] = model(STABLE, 5)
    puppet.answers_lookups.clear()
    camera = Camera(make_gateway())
    opening = asyncio.ensure_future(camera.open())
    await until(lambda: {DIGITS, STABLE} <= set(puppet.lookups))
    puppet.answers_lookups.set()
    await opening
    assert [one for one in camera.messages if isinstance(one, Welcome)] == camera.messages
    assert told(camera) == ["5 stable"]
