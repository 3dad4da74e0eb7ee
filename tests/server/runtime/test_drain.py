"""Readiness, and the gateway's end."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from server.core import departures
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

GOODBYE = (1001, "the server is shutting down")
GOING_AWAY = GoingAway(1000, "the server is shutting down")


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
    await asyncio.wait_for(waits, 20)
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


async def test_an_idle_session_is_closed_while_another_has_a_frame_under_way(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1)
    busy, idle = await Camera(gateway).open(), await Camera(gateway).open()
    silent = Camera(gateway)
    busy.shoot(1)
    call = await puppet.next_call()
    drained = asyncio.ensure_future(gateway.drain(60))
    for camera in (idle, silent):
        await camera.until(lambda camera=camera: camera.closed == GOODBYE)
        assert GOING_AWAY in camera.messages
    assert (busy.closed, drained.done()) == (None, False)
    call.answer()
    await drained
    assert word(busy.outcomes[1]) == "result"
    assert busy.closed == GOODBYE


async def test_a_session_is_closed_with_its_outcome_while_another_waits(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=2)
    quick, slow, idle = [await Camera(gateway).open() for _ in range(3)]
    quick.shoot(1)
    first = await puppet.next_call()
    slow.shoot(1)
    await puppet.next_call()
    at_once = asyncio.Event()
    drained = asyncio.ensure_future(gateway.drain(60, at_once))
    await idle.until(lambda: idle.closed is not None)
    assert quick.closed is None
    first.answer()
    await quick.until(lambda: quick.closed == GOODBYE)
    assert word(quick.outcomes[1]) == "result"
    assert slow.closed is None
    at_once.set()
    await drained
    assert word(slow.outcomes[1]) == "draining"
    assert slow.closed == GOODBYE


async def test_a_session_stays_for_all_of_its_frames(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=2)
    camera, idle = await Camera(gateway).open(), await Camera(gateway).open()
    camera.shoot(1)
    first = await puppet.next_call()
    camera.shoot(2)
    second = await puppet.next_call()
    drained = asyncio.ensure_future(gateway.drain(60))
    await idle.until(lambda: idle.closed is not None)
    second.answer()
    await camera.outcome(2)
    assert camera.closed is None
    first.answer()
    await drained
    assert word(camera.outcomes[1]) == "overtaken"
    assert camera.closed == GOODBYE


async def test_a_frame_that_crosses_going_away_has_its_outcome(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "CROSSING_S", 60)
    camera = await Camera(gateway).open()
    at_once = asyncio.Event()
    drained = asyncio.ensure_future(gateway.drain(60, at_once))
    await camera.until(lambda: GOING_AWAY in camera.messages)
    camera.shoot(1)
    assert word(camera.outcomes[1]) == "draining"
    assert camera.closed is None
    at_once.set()
    await drained
    assert camera.closed == GOODBYE


async def test_a_client_that_leaves_during_the_drain_is_forgotten(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1)
    camera, idle = await Camera(gateway).open(), await Camera(gateway).open()
    camera.shoot(1)
    call = await puppet.next_call()
    drained = asyncio.ensure_future(gateway.drain(60))
    await turn()
    idle.leave()
    camera.leave()
    call.answer()
    await drained
    assert camera.closed is None


async def test_each_turn_of_the_loop_ends_a_bounded_number_of_sessions(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.obey = lambda call: call.answer()
    gateway = make_gateway()
    cameras = [Camera(gateway) for _ in range(3 * departures.PER_TURN)]
    late = await Camera(gateway).open()
    drained = asyncio.ensure_future(gateway.drain(60))
    ended = [(0, 0)]
    while not drained.done():
        await asyncio.sleep(0)
        announced = sum(GOING_AWAY in camera.messages for camera in cameras)
        ended.append((announced, sum(camera.closed is not None for camera in cameras)))
        if len(ended) == 2:  # not told yet, so served as before
            late.shoot(1)
    for (told, closed), (told_after, closed_after) in itertools.pairwise(ended):
        assert told_after - told <= departures.PER_TURN
        assert closed_after - closed <= departures.PER_TURN
    assert ended[-1] == (len(cameras), len(cameras))
    assert word(late.outcomes[1]) == "result"
    assert late.closed == GOODBYE


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
    idle = await Camera(gateway).open()
    at_once = asyncio.Event()
    drained = asyncio.ensure_future(gateway.drain(60, at_once))
    await idle.until(lambda: idle.closed == GOODBYE)
    assert camera.closed is None
    at_once.set()
    await asyncio.wait_for(drained, 20)
    assert word(camera.outcomes[1]) == "draining"
    assert camera.closed == GOODBYE
