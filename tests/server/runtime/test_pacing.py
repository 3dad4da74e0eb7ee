"""When the gateway advises its sessions on their frame rate, and when it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.core.messages import Pace
from server.runtime import pacing
from server.runtime.gateway import Gateway
from tests.server.camera import Camera, word
from tests.server.puppet import Call, PuppetBackend
from tests.server.runtime.conftest import GatewayFactory

EVERY_S = 0.05


@pytest.fixture
def gateway(make_gateway: GatewayFactory, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setattr(pacing, "EVERY_S", EVERY_S)
    return make_gateway(max_calls=1)


def paces(camera: Camera) -> list[float | None]:
    return [said.frames_per_s for said in camera.messages if isinstance(said, Pace)]


async def until_advised(camera: Camera) -> None:
    await camera.until(lambda: bool(paces(camera)))


async def test_a_session_whose_frames_are_dropped_is_advised_until_there_is_room(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    for frame_id in range(1, 20):
        camera.shoot(frame_id)
    assert word(await camera.outcome(10)) == "superseded"
    await until_advised(camera)
    assert paces(camera)[0] is not None
    assert gateway.statistics().paced_sessions == 1
    puppet.obey = Call.answer
    for call in list(puppet.under_way):
        call.answer()
    await camera.until(lambda: paces(camera)[-1] is None)
    assert gateway.statistics().paced_sessions == 0


async def test_nothing_is_said_while_all_is_answered(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.obey = Call.answer
    camera = await Camera(gateway).open()
    for frame_id in range(1, 20):
        camera.shoot(frame_id)
        assert word(await camera.outcome(frame_id)) == "result"
    await asyncio.sleep(2 * EVERY_S)
    assert paces(camera) == []


async def test_a_session_that_leaves_is_advised_no_more(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    for frame_id in range(1, 20):
        camera.shoot(frame_id)
    await until_advised(camera)
    gateway.disconnect(camera.session)
    assert gateway.statistics().paced_sessions == 0


async def test_sessions_are_not_advised_at_the_same_moment(
    gateway: Gateway, puppet: PuppetBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They send at once when they are advised, and would keep sending together."""
    loop = asyncio.get_running_loop()
    call_later, delays = loop.call_later, []

    def note(delay: float, callback: Any, *arguments: Any, **others: Any) -> asyncio.TimerHandle:
        if any(isinstance(argument, Pace) for argument in arguments):
            delays.append(delay)
        return call_later(delay, callback, *arguments, **others)

    monkeypatch.setattr(loop, "call_later", note)
    fleet = [await Camera(gateway).open() for _ in range(10)]
    for camera in fleet:
        for frame_id in range(1, 20):
            camera.shoot(frame_id)
    for camera in fleet:
        await until_advised(camera)
    [level] = {paces(camera)[0] for camera in fleet}
    assert level is not None
    first = delays[: len(fleet)]
    assert first == pytest.approx([min(1 / level, EVERY_S) * n / 10 for n in range(10)])
