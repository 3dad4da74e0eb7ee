"""Many sessions and a capricious model server, at random: the books still balance."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from server.core.errors import (
    BackendUnavailable,
    BadFrame,
    BatchRejected,
    ModelFailed,
    Overloaded,
    UnknownModel,
)
from server.core.messages import Configure, Dropped, Options, Result
from server.core.model import ModelKey
from server.runtime.metrics import Metrics
from tests.server.camera import Camera, accounts, assert_balanced, word
from tests.server.puppet import DIGITS, POISON, Call, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory

CATS = ModelKey("cats")
SINGLE = ModelKey("single")
WINDOW = 3


class Weather:
    """How the model server behaves: mostly well, and never predictably."""

    def __init__(self, chance: random.Random, puppet: PuppetBackend) -> None:
        self._chance = chance
        self._version = 1
        self._puppet = puppet
        self.largest: dict[ModelKey, int] = {}
        puppet.obey = self.obey
        puppet.models[CATS] = model(CATS)
        single = model(SINGLE)
        lane = single.lanes["jpeg"]._replace(max_batch=1)
        puppet.models[SINGLE] = replace(single, lanes=dict.fromkeys(single.formats, lane))

    def obey(self, call: Call) -> None:
        """Answer, later, or fail in one of the ways that there are."""
        sessions = len(call.frames)
        self.largest[call.lane.model] = max(self.largest.get(call.lane.model, 0), sessions)
        loop = call.ended.get_loop()
        delay = self._chance.choice([0, 0.001, 0.002, 0.01])
        fate = self._chance.random()
        if fate < 0.90:
            loop.call_later(delay, call.judge, self._version)
        elif fate < 0.98:
            error = self._chance.choice(
                [
                    ModelFailed("exploded"),
                    Overloaded("full"),
                    BatchRejected("whimsical"),
                    UnknownModel("unloaded"),
                    BackendUnavailable("lost"),
                    ZeroDivisionError("a defect"),
                    asyncio.CancelledError(),
                ]
            )
            loop.call_later(delay, call.fail, error)
        # The rest hang until their deadline.

    def change(self) -> None:
        """The model server goes, comes back, or gets another version."""
        fate = self._chance.random()
        if fate < 0.03 and self._puppet.reachable:
            self._puppet.go_away()
        elif fate < 0.7 and not self._puppet.reachable:
            self._puppet.come_back()
        elif fate > 0.9:
            self._version += 1
            for key in (DIGITS, CATS):
                self._puppet.models[key] = model(key, self._version)


async def session(
    camera: Camera, chance: random.Random, puppet: PuppetBackend, leaves: bool
) -> None:
    """A camera that sends, changes its mind, and perhaps leaves in the middle."""
    await camera.open(Options(model=chance.choice(["digits", "digits", "cats", "single"])))
    for frame_id in range(chance.randint(5, 60)):
        fate = chance.random()
        if fate < 0.9:
            camera.shoot(frame_id, POISON if chance.random() < 0.02 else None)
        elif fate < 0.95:
            camera.refuse(BadFrame("truncated"), frame_id)
        else:
            options = Options(model=chance.choice(["digits", "cats", "nobody's"]))
            camera._gateway.receive(camera.session, Configure(options))
        if chance.random() < 0.7:
            await asyncio.sleep(chance.choice([0, 0.001, 0.003]))
    if not leaves:
        await camera.until(lambda: not camera.session.pending)
    camera.leave()


def assert_kept_its_promises(camera: Camera, leaves: bool) -> None:
    outcomes = camera.outcomes  # fails where a frame had two
    results = [m.id for m in camera.messages if isinstance(m, Result)]
    assert results == sorted(results), "results in another order than their frames"
    for message in camera.messages:
        if isinstance(message, Result):
            classes = getattr(message.answer, "classes", None)
            assert classes == [message.id], "an answer to another frame"
    if not leaves:
        assert len(outcomes) == camera.session.accepted


@pytest.mark.parametrize("seed", range(6))
async def test_a_gateway_keeps_its_promises_in_random_weather(
    make_gateway: GatewayFactory,
    puppet: PuppetBackend,
    logged: Callable[[], list[str]],
    seed: int,
) -> None:
    chance = random.Random(seed)
    weather = Weather(chance, puppet)
    gateway = make_gateway(
        max_batch=4,
        max_calls=chance.choice([1, 2, 3]),
        max_staleness_ms=chance.choice([20, 100]),
        max_wait_ms=chance.choice([0, 0, 3]),
        window=WINDOW,
    )
    storm = asyncio.ensure_future(_change_for_ever(weather, chance))
    leavers = [chance.random() < 0.3 for _ in range(16)]
    cameras = [Camera(gateway) for _ in leavers]
    await asyncio.gather(
        *(
            session(camera, random.Random(f"{seed}/{n}"), puppet, leaves)
            for n, (camera, leaves) in enumerate(zip(cameras, leavers, strict=True))
        )
    )
    storm.cancel()
    await gateway.drain(5)
    for camera, leaves in zip(cameras, leavers, strict=True):
        assert_kept_its_promises(camera, leaves)
    assert_balanced(gateway)
    accepted, words = accounts(gateway)
    assert accepted > 100
    assert words["result"] > 0
    assert max(weather.largest.values()) <= 4
    assert weather.largest.get(SINGLE, 1) == 1
    value = Metrics(gateway).registry.get_sample_value
    for gauge in ("calls", "frames_waiting", "sessions"):
        assert value(f"framewire_{gauge}") == 0, gauge
    assert gateway._dispatcher.statistics().quarantined == 0
    gc.collect()
    assert not [line for line in logged() if "never retrieved" in line]


async def _change_for_ever(weather: Weather, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(0.005)
        weather.change()


async def test_a_storm_has_all_kinds_of_outcomes(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    """So that the storms above are known to blow: one of each kind, made on purpose."""
    puppet.obey = Call.judge
    gateway = make_gateway()
    camera = await Camera(gateway).open()
    camera.shoot(1)
    assert word(await camera.outcome(1)) == "result"
    camera.shoot(2, POISON)
    assert word(await camera.outcome(2)) == "bad_frame"
    puppet.obey = None
    camera.shoot(3)
    puppet.go_away()
    assert word(await camera.outcome(3)) == "backend_unavailable"
    assert not isinstance(camera.outcomes[3], Dropped)
