"""Readiness, and the gateway's end."""

from __future__ import annotations

import asyncio

import pytest

from server.core.errors import Overloaded, UnknownModel
from server.core.messages import (
    Dropped,
    GoingAway,
)
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from tests.server.camera import Camera, word
from tests.server.puppet import DIGITS, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory
from tests.server.waiting import turn


async def test_ready_says_why_not(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    puppet.models[DIGITS] = UnknownModel("no digits")
    gateway = make_gateway()
    waits = asyncio.ensure_future(gateway.became_ready())
    looked_up = gateway.ready()
    assert looked_up is not None
    assert "is being looked up" in looked_up.message
    await Camera(gateway).open()
    unknown = gateway.ready()
    assert unknown is not None
    assert (unknown.code, unknown.message) == ("unknown_model", "no digits")
    assert not waits.done()
    puppet.models[DIGITS] = model()
    await asyncio.wait_for(waits, 5)
    assert gateway.ready() is None
    puppet.go_away()
    gone = gateway.ready()
    assert gone is not None
    assert gone.code == "backend_unavailable"


async def test_drain_answers_what_was_accepted_then_closes(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1)
    camera = await Camera(gateway).open()
    camera.shoot(1)
    camera.shoot(2)
    drained = asyncio.ensure_future(gateway.drain(5))
    await turn()
    assert camera.messages[-1] == GoingAway(1000, "the server is shutting down")
    camera.shoot(3)
    assert camera.messages[-1] == Dropped(3, "draining")
    with pytest.raises(Overloaded, match="shutting down"):
        Camera(gateway)
    assert gateway.ready() is not None
    for _ in range(2):
        assert camera.closed is None
        (await puppet.next_call()).answer()
    await drained
    assert [word(camera.outcomes[n]) for n in (1, 2, 3)] == ["result", "result", "draining"]
    assert camera.closed == (1001, "the server is shutting down")
    await turn()
    assert Metrics(gateway).registry.get_sample_value("framewire_sessions") == 0


async def test_drain_waits_for_frames_that_wait_for_company(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.obey = lambda call: call.answer()
    gateway = make_gateway(max_wait_ms=20)
    camera = await Camera(gateway).open()
    camera.shoot(1)
    await gateway.drain(5)
    assert word(camera.outcomes[1]) == "result"


async def test_drain_that_runs_out_of_time_still_tells_everybody(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1)
    camera, other = await Camera(gateway).open(), await Camera(gateway).open()
    camera.shoot(1)
    await puppet.next_call()
    camera.shoot(2)
    other.shoot(1)
    await gateway.drain(0.01)
    told = [camera.outcomes[1], camera.outcomes[2], other.outcomes[1]]
    assert [word(one) for one in told] == ["draining"] * 3
    assert camera.closed == (1001, "the server is shutting down")


async def test_drain_at_once_of_a_call_that_has_not_begun(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    await gateway.drain(0)
    assert word(camera.outcomes[1]) == "draining"
    await gateway.drain(0)


async def test_drain_can_be_cut_short(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    gateway = make_gateway(max_calls=1)
    camera = await Camera(gateway).open()
    camera.shoot(1)
    await puppet.next_call()
    at_once = asyncio.Event()
    drained = asyncio.ensure_future(gateway.drain(60, at_once))
    at_once.set()
    await asyncio.wait_for(drained, 5)
    assert word(camera.outcomes[1]) == "draining"
