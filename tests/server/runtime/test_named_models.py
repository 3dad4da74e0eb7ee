"""What a session gets that names another model than the default one: the released version."""

from __future__ import annotations

import asyncio

import pytest

from server.core.errors import FramewireError, NotLoaded, UnknownModel, UnusableModel
from server.core.messages import Configure, Options, Result
from server.core.model import ModelKey
from server.runtime import models as models_module
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from tests.server.camera import Camera, word
from tests.server.puppet import CANARY, STABLE, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory
from tests.server.runtime.test_canary import answered, hears, told
from tests.server.waiting import until

CATS = ModelKey("cats")
CATS_STABLE = ModelKey("cats", "stable")
BY_NAME = Options(model="cats")


def have(puppet: PuppetBackend, **versions: int) -> None:
    """The model server has these versions of cats: the newest one, and those with labels."""
    for label, version in versions.items():
        key = CATS if label == "newest" else ModelKey("cats", label)
        puppet.models[key] = model(key, version)


@pytest.fixture
def released(puppet: PuppetBackend) -> PuppetBackend:
    """Version 1 has been promoted, version 2 is loaded and has not."""
    have(puppet, newest=2, stable=1)
    return puppet


async def test_a_version_that_was_not_promoted_answers_nobody(
    released: PuppetBackend, gateway: Gateway
) -> None:
    camera = await Camera(gateway).open(BY_NAME)
    assert told(camera) == ["1 stable"]
    assert await answered(camera, released, 1) == (CATS_STABLE, 1)
    labels = {"model": "cats", "version": "1", "label": "stable"}
    value = Metrics(gateway).registry.get_sample_value("framewire_model_sessions", labels)
    assert value == 1


async def test_configure_means_the_same_as_hello(released: PuppetBackend, gateway: Gateway) -> None:
    camera = await Camera(gateway).open()
    gateway.receive(camera.session, Configure(BY_NAME))
    await hears(camera, "1 stable")
    assert await answered(camera, released, 1) == (CATS_STABLE, 1)


async def test_sessions_follow_the_label_as_it_comes_moves_and_goes(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    have(puppet, newest=1)
    camera = await Camera(gateway).open(BY_NAME)
    assert told(camera) == ["1 None"]
    assert await answered(camera, puppet, 1) == (CATS, 1)
    have(puppet, newest=2, stable=1)
    await hears(camera, "1 stable")
    have(puppet, stable=2)
    gateway._models.invalidate(CATS_STABLE)
    await hears(camera, "2 stable")
    have(puppet, newest=3)
    assert await answered(camera, puppet, 2) == (CATS_STABLE, 2)
    del puppet.models[CATS_STABLE]
    gateway._models.invalidate(CATS)
    gateway._models.invalidate(CATS_STABLE)
    await hears(camera, "3 None")


async def test_a_version_or_label_that_is_asked_for_is_what_answers(
    released: PuppetBackend, gateway: Gateway
) -> None:
    exact = ModelKey("cats", version=2)
    released.models[exact] = model(exact, 2)
    have(released, blue=3)
    camera = await Camera(gateway).open(Options(model="cats", version=2))
    assert told(camera) == ["2 None"]
    gateway.receive(camera.session, Configure(Options(model="cats", label="blue")))
    await hears(camera, "3 blue")
    gateway.receive(camera.session, Configure(BY_NAME))
    await hears(camera, "1 stable")
    gateway.receive(camera.session, Configure(Options(label="none")))
    await camera.until(lambda: getattr(camera.messages[-1], "code", "") == "unknown_model")


async def test_the_label_is_that_of_the_settings(
    released: PuppetBackend, make_gateway: GatewayFactory
) -> None:
    default = ModelKey("digits", "production")
    released.models[default] = model(default)
    gateway = make_gateway(label="production")
    camera = await Camera(gateway).open(BY_NAME)
    assert told(camera) == ["2 None"], "stable is a label like any other here"
    have(released, production=1)
    await hears(camera, "1 production")


async def test_a_canary_is_only_for_sessions_of_the_default_model(
    released: PuppetBackend, make_gateway: GatewayFactory
) -> None:
    have(released, canary=2)
    released.models[ModelKey("cats", "canary-100")] = model(ModelKey("cats", "canary-100"), 2)
    camera = await Camera(make_gateway(canary_share=1, canary_steps="100")).open(BY_NAME)
    assert told(camera) == ["1 stable"]
    assert {key.label for key in released.lookups if key.name == "cats"} == {None, "stable"}


async def test_who_asks_for_the_label_of_the_settings_is_no_canary(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.models[STABLE] = model(STABLE, 1)
    puppet.models[CANARY] = model(CANARY, 2)
    gateway = make_gateway(label="stable", canary_share=1)
    exact = await Camera(gateway).open(Options(label="stable"))
    usual, named = await Camera(gateway).open(), await Camera(gateway).open(Options(model="digits"))
    assert (told(exact), told(usual), told(named)) == (["1 stable"], ["2 canary"], ["2 canary"])
    gateway.set_canary_share(0)
    assert told(usual)[-1] == told(named)[-1] == "1 stable"
    gateway.set_canary_share(1)
    await hears(usual, "2 canary")
    assert told(exact) == ["1 stable"]


# Labels that lead nowhere for now


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotLoaded("Servable not found for request: Specific(cats, 1)"), "backend_unavailable"),
        (UnusableModel("its answers contradict it"), "unusable_model"),
    ],
)
@pytest.mark.parametrize("name", ["cats", "digits"])
async def test_nobody_gets_the_newest_in_place_of_a_label_that_exists(
    make_gateway: GatewayFactory, puppet: PuppetBackend, name: str, error: FramewireError, code: str
) -> None:
    newest, stable = ModelKey(name), ModelKey(name, "stable")
    puppet.models[newest] = model(newest, 2)
    puppet.models[stable] = error
    camera = await Camera(make_gateway()).open(Options(model=name))
    camera.shoot(1)
    assert word(await camera.outcome(1)) == code
    puppet.models[stable] = model(stable, 1)
    await hears(camera, "1 stable")
    assert told(camera) == ["1 stable"]


async def test_a_label_leads_on_from_a_newest_version_that_cannot_be_used(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    have(puppet, stable=1)
    puppet.models[CATS] = UnusableModel("takes no pictures")
    camera = await Camera(gateway).open(BY_NAME)
    assert told(camera) == ["1 stable"]


async def test_a_model_server_that_comes_back_shows_nobody_the_newest(
    released: PuppetBackend, gateway: Gateway
) -> None:
    camera = await Camera(gateway).open(BY_NAME)
    released.go_away()
    await camera.until(lambda: getattr(camera.messages[-1], "model", 0) is None)
    released.come_back()
    await camera.until(lambda: len(told(camera)) == 2)
    assert told(camera) == ["1 stable", "1 stable"]


async def test_frames_under_way_when_the_label_goes_are_answered_by_the_newest(
    released: PuppetBackend, gateway: Gateway
) -> None:
    camera = await Camera(gateway).open(BY_NAME)
    camera.shoot(1)
    call = await released.next_call()
    del released.models[CATS_STABLE]
    call.fail(UnknownModel("Unrecognized servable version label: stable"))
    again = await released.next_call()
    assert again.lane.model == CATS
    again.answer(2)
    outcome = await camera.outcome(1)
    assert isinstance(outcome, Result)
    assert outcome.model_version == 2
    assert told(camera) == ["1 stable", "2 None"]


# What look-ups clients can cause


async def test_labels_are_looked_up_only_of_models_that_exist(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    for number in range(20):
        name = f"missing{number}"
        gateway.receive(camera.session, Configure(Options(model=name)))
        await camera.until(lambda name=name: name in getattr(camera.messages[-1], "message", ""))
    missing = [key for key in puppet.lookups if key.name.startswith("missing")]
    assert {key.label for key in missing} == {None}


async def test_a_model_that_comes_with_its_label_never_shows_its_newest(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open(BY_NAME)
    await until(lambda: puppet.lookups.count(CATS) > 2)
    assert told(camera) == []
    have(puppet, newest=2, stable=1)
    await hears(camera, "1 stable")
    assert told(camera) == ["1 stable"]


async def test_a_label_that_was_asked_for_in_vain_is_looked_up_again_for_its_model(
    gateway: Gateway, puppet: PuppetBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for labels that do not exist holds up nobody who comes when they do."""
    exact = Camera(gateway)
    puppet.come_back()  # so that pauses count
    monkeypatch.setattr(models_module, "FIRST_PAUSE_S", 3600.0)
    monkeypatch.setattr(models_module, "LONGEST_MISSING_PAUSE_S", 3600.0)
    await exact.open(Options(model="cats", label="stable"))
    have(puppet, newest=2, stable=1)
    camera = await Camera(gateway).open(BY_NAME)
    assert told(camera) == ["1 stable"]
    await hears(exact, "1 stable")


async def test_a_name_costs_one_look_up_of_each_key_for_all_sessions(
    released: PuppetBackend, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "FIRST_PAUSE_S", 3600.0)
    await asyncio.gather(*(Camera(gateway).open(BY_NAME) for _ in range(10)))
    assert [key for key in released.lookups if key.name == "cats"] == [CATS, CATS_STABLE]
