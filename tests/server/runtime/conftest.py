"""A gateway in front of the puppet."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from server.runtime import models
from server.runtime.gateway import Gateway
from server.settings import Settings
from tests.server.camera import assert_balanced
from tests.server.puppet import PuppetBackend

# Far beyond any test, for tests that are not about staleness.
PATIENT = {"max_staleness_ms": 600_000}

GatewayFactory = Callable[..., Gateway]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups follow one another quickly; nothing else depends on these."""
    monkeypatch.setattr(models, "FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(models, "LONGEST_PAUSE_S", 0.01)


@pytest.fixture
def puppet() -> PuppetBackend:
    return PuppetBackend()


@pytest_asyncio.fixture
async def make_gateway(puppet: PuppetBackend) -> AsyncIterator[GatewayFactory]:
    """Gateways that are stopped in the end, when every frame must have had its outcome."""
    made: list[Gateway] = []

    def make(**settings: Any) -> Gateway:
        gateway = Gateway(Settings(**{**PATIENT, **settings}), puppet)
        gateway.start()
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        await gateway.drain(0)
        assert_balanced(gateway)


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    return make_gateway()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged as a warning or worse."""
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records]
