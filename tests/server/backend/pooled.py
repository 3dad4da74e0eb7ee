"""A gateway in front of several puppet model servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from server.backend.pool import BackendPool
from server.backend.resolution import LookUp
from server.backend.serving import Shared, TensorFlowServing
from server.core.balancing import BackendStatus, Balancer
from server.core.messages import Options, Outcome
from server.core.model import ModelKey
from server.runtime.gateway import Gateway
from server.runtime.limits import new_slots
from server.settings import Settings
from tests.server.backend.puppet_models import detector
from tests.server.backend.puppet_server import Puppet
from tests.server.camera import Camera, assert_balanced

PATIENCE_S = 20.0


def servers(count: int) -> list[Puppet]:
    """Model servers with version 1 of the same model, which listen."""
    made = [Puppet() for _ in range(count)]
    for server in made:
        serve(server, 1)
        server.start()
    return made


def serve(server: Puppet, version: int, label: str | None = None) -> None:
    """Let ``server`` have this version of the model, behind ``label`` or as the newest."""
    server.models["digits", label] = detector(version)


class Pooled:
    """The gateway, and what it says about its model servers."""

    def __init__(
        self, entries: Sequence[str], look_up: LookUp | None = None, **settings: object
    ) -> None:
        options = Settings(max_staleness_ms=2000, **settings)  # type: ignore[arg-type]
        self._shared = Shared.of(None, 1)
        self.balancer = Balancer(partial(new_slots, options))
        connect = partial(TensorFlowServing, shared=self._shared, discovery_timeout_s=20.0)
        self.pool = BackendPool(entries, self.balancer, connect, self._shared, look_up)
        self.gateway = Gateway(options, self.pool, None, self.balancer)
        self.gateway.start()
        self._frames = 0

    async def ready(self) -> Pooled:
        """Wait until all model servers that the gateway knows get calls."""
        await asyncio.wait_for(self.gateway.became_ready(), PATIENCE_S)
        await self.until(lambda: all(s.state in ("trial", "ready") for s in self.statuses()))
        return self

    async def camera(self, key: ModelKey | None = None) -> Camera:
        """A session, of the default model unless ``key`` says otherwise."""
        options = Options(model=key.name, label=key.label) if key else Options()
        return await Camera(self.gateway).open(options)

    async def shoot(self, camera: Camera, frames: int = 1) -> list[Outcome]:
        """Send frames one after the other, and return what became of them."""
        outcomes = []
        for _ in range(frames):
            self._frames += 1
            camera.shoot(self._frames)
            outcomes.append(await camera.outcome(self._frames))
        return outcomes

    async def shoot_until(self, camera: Camera, true: Callable[[], object]) -> list[int]:
        """Send frames, without waiting for outcomes, until ``true()`` holds. Return their ids."""
        ids = []
        while not true():
            self._frames += 1
            ids.append(self._frames)
            camera.shoot(self._frames)
            await asyncio.sleep(0.01)
        return ids

    def statuses(self) -> Sequence[BackendStatus]:
        """The state of each model server."""
        return self.gateway.statistics().backends

    def state(self, server: Puppet) -> str:
        """The state of one of them; an empty text if the gateway does not know it."""
        states = {status.address: status.state for status in self.statuses()}
        return states.get(server.address, "")

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until ``true()`` holds; what happens to connections reports to nobody else."""
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline, self.statuses()
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Drain the gateway; each frame must have had its outcome."""
        await self.gateway.drain(0)
        await self.pool.close()
        assert_balanced(self.gateway)
        assert self.balancer.calls == 0
