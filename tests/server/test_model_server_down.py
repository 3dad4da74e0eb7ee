"""What clients and operators learn from a gateway whose model server is not there."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request

import pytest

from loadtest.stack import free_port
from tests.server.gateway_process import running
from tests.server.samples import picture


def _refused(url: str) -> dict[str, object]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, picture()), timeout=30)
    with caught.value as answer:
        assert answer.code == 503
        fields: dict[str, object] = json.load(answer)
        return fields


async def test_clients_do_not_learn_where_the_model_server_should_be() -> None:
    port = free_port()
    async with running(backend=f"127.0.0.1:{port}") as gateway:
        await gateway.says("no model server answers")
        for model in ("digits", "other", "digits&label=canary"):
            url = f"http://127.0.0.1:{gateway.port}/v1/infer?model={model}"
            fields = await asyncio.to_thread(_refused, url)
            assert fields["code"] == "backend_unavailable"
            assert str(port) not in str(fields["message"])
            assert "failed to connect" not in str(fields["message"])
