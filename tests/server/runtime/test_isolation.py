"""What one model, one session or one batch cannot take from another."""

from __future__ import annotations

import pytest

from server.core import slots
from server.core.concurrency import INITIAL_CALLS
from server.core.errors import (
    BackendUnavailable,
    DeadlineExceeded,
    FramewireError,
    ModelUnavailable,
    NotLoaded,
    UnknownModel,
)
from server.core.messages import Configure, Options
from server.core.model import ModelKey
from server.runtime import sessions
from server.runtime.gateway import Gateway
from tests.server.camera import Camera, word
from tests.server.puppet import DIGITS, POISON, STABLE, Call, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory
from tests.server.waiting import turn

CATS = ModelKey("cats")


@pytest.fixture
def gateway(make_gateway: GatewayFactory, puppet: PuppetBackend) -> Gateway:
    """One call at a time, and two models."""
    puppet.models[CATS] = model(CATS)
    return make_gateway(max_calls=1)


async def camera_of(gateway: Gateway, name: str) -> Camera:
    return await Camera(gateway).open(Options(model=name))


@pytest.mark.parametrize(
    "error", [ModelUnavailable("no description"), BackendUnavailable("no answer")]
)
async def test_a_look_up_that_fails_costs_no_frame_of_another_model(
    gateway: Gateway, puppet: PuppetBackend, error: FramewireError
) -> None:
    busy, waiting = [await camera_of(gateway, "digits") for _ in range(2)]
    busy.shoot(1)
    call = await puppet.next_call()
    waiting.shoot(1)
    puppet.models[ModelKey("mute")] = error
    mute = await camera_of(gateway, "mute")
    mute.shoot(1)
    assert word(await mute.outcome(1)) == "backend_unavailable"
    assert waiting.outcomes == {}
    call.answer()
    (await puppet.next_call()).answer()
    assert word(await waiting.outcome(1)) == "result"


async def test_a_failed_call_costs_only_the_waiting_frames_of_its_model(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    busy, same = [await camera_of(gateway, "digits") for _ in range(2)]
    other = await camera_of(gateway, "cats")
    busy.shoot(1)
    call = await puppet.next_call()
    same.shoot(1)
    other.shoot(1)
    call.fail(BackendUnavailable("connection reset"))
    assert word(await busy.outcome(1)) == "backend_unavailable"
    assert word(await same.outcome(1)) == "backend_unavailable"
    (await puppet.next_call()).answer()
    assert word(await other.outcome(1)) == "result"


async def test_a_lost_channel_ends_the_waiting_frames_of_all_models(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    busy, same = [await camera_of(gateway, "digits") for _ in range(2)]
    other = await camera_of(gateway, "cats")
    busy.shoot(1)
    await puppet.next_call()
    same.shoot(1)
    other.shoot(1)
    puppet.go_away()
    assert word(same.outcomes[1]) == "backend_unavailable"
    assert word(other.outcomes[1]) == "backend_unavailable"


async def test_a_label_that_was_loading_and_is_deleted_leads_on(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.models[STABLE] = NotLoaded("Servable not found for request: Specific(digits, 1)")
    gateway = make_gateway()
    camera = await Camera(gateway).open()
    await turn()
    assert gateway.ready() is not None
    puppet.models[STABLE] = UnknownModel("Unrecognized servable version label: stable")
    await camera.until(lambda: getattr(camera.messages[-1], "model", None) == model(DIGITS))
    assert gateway.ready() is None


async def test_a_model_that_hangs_leaves_the_others_a_slot(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.models[CATS] = model(CATS)
    gateway = make_gateway(max_calls=3)
    hanging = [await camera_of(gateway, "digits") for _ in range(4)]
    healthy = await camera_of(gateway, "cats")
    puppet.obey = lambda call: call.answer() if call.lane.model == CATS else None
    healthy.shoot(1)
    assert word(await healthy.outcome(1)) == "result"
    for camera in hanging:
        camera.shoot(1)
    await turn()
    assert len(puppet.under_way) == 2
    for frame_id in range(2, 10):
        healthy.shoot(frame_id)
        assert word(await healthy.outcome(frame_id)) == "result"
    assert [call.lane.model for call in puppet.under_way] == [DIGITS, DIGITS]


async def test_a_model_that_hangs_for_long_keeps_one_slot_and_lowers_no_limit(
    make_gateway: GatewayFactory, puppet: PuppetBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call of one model expires, again and again; the other's frames never wait for it."""
    monkeypatch.setattr(slots, "HANGS_AFTER_S", 0.0)
    puppet.models[CATS] = model(CATS)
    gateway = make_gateway()
    hanging = [await camera_of(gateway, "digits") for _ in range(4)]
    healthy = await camera_of(gateway, "cats")
    puppet.obey = lambda call: call.answer() if call.lane.model == CATS else None
    for frame_id in range(1, 50):
        for camera in hanging:
            camera.shoot(frame_id)
        healthy.shoot(frame_id)
        assert word(await healthy.outcome(frame_id)) == "result"
        puppet.under_way[0].fail(DeadlineExceeded("hangs"))
        await turn()
    assert [call.lane.model for call in puppet.under_way] == [DIGITS]
    assert gateway.statistics().max_calls >= INITIAL_CALLS


async def test_a_lone_model_takes_all_slots(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=3)
    for camera in [await Camera(gateway).open() for _ in range(4)]:
        camera.shoot(1)
        await turn()
    assert len(puppet.under_way) == 3


async def test_a_picture_that_one_model_rejects_travels_with_others_to_another(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    culprit = await camera_of(gateway, "digits")
    puppet.obey = Call.judge
    culprit.shoot(1, POISON)
    assert word(await culprit.outcome(1)) == "bad_frame"
    puppet.obey = None
    gateway.receive(culprit.session, Configure(Options(model="cats")))
    await turn()
    busy, neighbour = [await camera_of(gateway, "cats") for _ in range(2)]
    busy.shoot(1)
    call = await puppet.next_call()
    culprit.shoot(2)
    neighbour.shoot(2)
    call.answer()
    assert (await puppet.next_call()).ids == [2, 2]


async def test_a_peer_that_cannot_be_closed_keeps_no_other_session_from_its_goodbye(
    make_gateway: GatewayFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway()
    broken, other = [await Camera(gateway).open() for _ in range(2)]
    monkeypatch.setattr(broken, "send", lambda message: 1 / 0)
    monkeypatch.setattr(broken, "close", lambda code, reason: 1 / 0)
    await gateway.drain(1)
    assert other.closed == (1001, "the server is shutting down")


async def test_a_silent_peer_that_cannot_be_closed_makes_room_all_the_same(
    make_gateway: GatewayFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "GREETING_S", 0.0)
    gateway = make_gateway(max_sessions=1)
    silent = Camera(gateway)
    monkeypatch.setattr(silent, "close", lambda code, reason: 1 / 0)
    assert (await Camera(gateway).open()).closed is None
