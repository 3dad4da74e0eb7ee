"""Which frames that arrive together share a batch, and which do not wait for the others."""

from __future__ import annotations

import asyncio

import pytest

from server.runtime.gateway import Gateway
from tests.server.camera import Camera
from tests.server.puppet import PuppetBackend
from tests.server.runtime.conftest import GatewayFactory
from tests.server.waiting import turn


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    return make_gateway(max_calls=8, max_batch=4)


def sizes(puppet: PuppetBackend) -> list[int]:
    """How many frames each call has, in order."""
    return [len(call.frames) for call in puppet.calls]


async def test_beside_a_call_frames_that_arrive_together_share_a_batch(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras = [await Camera(gateway).open() for _ in range(4)]
    await cameras[0].shoot_alone(puppet, 1)
    for camera in cameras[1:]:
        camera.shoot(1)
    await turn()
    assert sizes(puppet) == [1, 3]


async def test_so_do_frames_that_arrive_with_an_answer(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=2, max_batch=4)
    cameras = [await Camera(gateway).open() for _ in range(5)]
    calls = [await camera.shoot_alone(puppet, 1) for camera in cameras[:2]]
    cameras[2].shoot(1)
    await turn()
    calls[0].answer()  # frees its slot in the next turn of the loop, and these come in the same one
    asyncio.get_running_loop().call_soon(cameras[3].shoot, 1)
    asyncio.get_running_loop().call_soon(cameras[4].shoot, 1)
    await turn()
    assert sizes(puppet) == [1, 1, 3]


async def test_a_frame_that_finds_no_call_goes_at_once(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras = [await Camera(gateway).open() for _ in range(2)]
    for camera in cameras:
        camera.shoot(1)
    await turn()
    assert sizes(puppet) == [1, 1]


async def test_full_batches_do_not_wait_for_all_that_arrived(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras = [await Camera(gateway).open() for _ in range(10)]
    await cameras[0].shoot_alone(puppet, 1)
    for camera in cameras[1:]:
        camera.shoot(1)
    assert gateway.statistics().waiting == 1  # of nine; no other turn of the loop began
    await turn()
    assert sizes(puppet) == [1, 4, 4, 1]
