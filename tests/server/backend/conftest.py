"""A puppet model server and a backend that talks to it, both over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from server.backend.serving import TensorFlowServing
from tests.server.backend.puppet_server import Puppet


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    server = Puppet()
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def backend(puppet: Puppet) -> AsyncIterator[TensorFlowServing]:
    serving = TensorFlowServing(puppet.address, decode_threads=2, discovery_timeout_s=20.0)
    yield serving
    await serving.close()
