"""Gateways on real ports, in front of a puppet model server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from server.access.control import AccessControl
from server.app import http_server
from server.runtime import models
from server.runtime.gateway import Gateway
from server.settings import Settings
from tests.server.camera import assert_balanced
from tests.server.puppet import Call, PuppetBackend


@dataclass
class Served:
    """A listening gateway."""

    port: int
    gateway: Gateway
    puppet: PuppetBackend
    settings: Settings
    access: AccessControl

    def url(self, path: str) -> str:
        """The address of ``path`` over HTTP."""
        return f"http://127.0.0.1:{self.port}{path}"


Serve = Callable[..., Served]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(models, "LONGEST_PAUSE_S", 0.01)


@pytest.fixture
def puppet() -> PuppetBackend:
    """Answers each call at once; set ``obey`` to None to answer calls in the test."""
    return PuppetBackend(obey=Call.judge)


@pytest_asyncio.fixture
async def serve(puppet: PuppetBackend) -> AsyncIterator[Serve]:
    """Starts gateways, and checks at the end that each frame has had its outcome."""
    started: list[tuple[HTTPServer, Served]] = []

    def start(**values: Any) -> Served:
        settings = Settings(**{"max_staleness_ms": 600_000, **values})
        access = AccessControl.from_settings(settings)
        gateway = Gateway(settings, puppet, access.tokens.verify if access.tokens else None)
        server = http_server(gateway, settings, access)
        socket, port = bind_unused_port()
        server.add_socket(socket)
        gateway.start()
        served = Served(port, gateway, puppet, settings, access)
        started.append((server, served))
        return served

    yield start
    for server, served in started:
        server.stop()
        await served.gateway.drain(0)
        await server.close_all_connections()
        served.access.close()
        assert_balanced(served.gateway)


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve()
