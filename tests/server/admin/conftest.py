"""A gateway with an admin listener, both on real ports, in front of a puppet model server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from server.admin import sampler
from server.admin.listener import AdminListener
from server.admin.local import LocalGateway
from server.core.model import VersionLabels
from server.runtime.metrics import Metrics
from tests.server.handlers.conftest import Serve, Served, puppet, serve

__all__ = ["puppet", "serve"]

TOKEN = "correct-horse-battery-staple"


class PuppetLabels:
    """The labels of a model, as model servers have them; ``refusal``: why they take no other."""

    def __init__(self) -> None:
        self.labels = {"stable": 1}
        self.refusal = ""

    async def look_up(self) -> VersionLabels:
        return VersionLabels("digits", self.labels, [1, 2], self.refusal)

    async def move(self, label: str, version: int) -> str:
        if not self.refusal:
            self.labels[label] = version
        return self.refusal


@dataclass
class Administered:
    """A gateway, the port of its admin listener, and what is set to stop it."""

    served: Served
    port: int
    stop: asyncio.Event
    tokens: Path
    labels: PuppetLabels

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        """Ask the admin listener; header names are written with underscores."""
        return await fetch(self.port, method, path, body, **headers)

    async def get(self, path: str, **headers: str) -> dict[str, Any]:
        """Return an answer that must be one."""
        answer = await self.ask("GET", path, **headers)
        assert answer.code == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found

    async def act(self, name: str, **fields: Any) -> HTTPResponse:
        """Act as alice."""
        return await self.ask("POST", f"/admin/{name}", fields, Authorization=f"Bearer {TOKEN}")


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again, until it holds."""
    while True:
        if await holds():
            return
        await asyncio.sleep(0.02)


async def fetch(
    port: int, method: str, path: str, body: Any = None, **headers: str
) -> HTTPResponse:
    """Ask a listener of this machine."""
    return await AsyncHTTPClient().fetch(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=None if body is None else json.dumps(body),
        raise_error=False,
        follow_redirects=False,
        allow_nonstandard_methods=True,
    )


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """The tokens of alice and bob."""
    path = tmp_path / "admin.tokens"
    path.write_text(f"# name token\nalice {TOKEN}\nbob {TOKEN[::-1]}\n")
    return path


@pytest_asyncio.fixture
async def administered(
    serve: Serve, tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Administered]:
    monkeypatch.setattr(sampler, "SAMPLE_S", 0.02)
    served = serve(admin="0", admin_tokens=str(tokens))
    listener, stop, labels = AdminListener(served.settings), asyncio.Event(), PuppetLabels()
    local = LocalGateway(served.gateway, served.settings, labels, stop)
    listener.start(local, Metrics(served.gateway))
    yield Administered(served, listener.port, stop, tokens, labels)
    await listener.close()
