"""The admin listener itself: where it listens, TLS, files that change, and failures."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from server.access import filewatcher
from server.admin.listener import AdminListener
from server.admin.local import LocalGateway
from server.runtime.metrics import Metrics
from server.settings import Settings, WrongSetting
from tests.server.access import authority
from tests.server.admin.conftest import TOKEN, Administered, PuppetLabels, eventually
from tests.server.gateway_process import trust
from tests.server.handlers.conftest import Serve
from tests.server.waiting import until


async def test_other_machines_need_operators() -> None:
    with pytest.raises(WrongSetting, match=r"0\.0\.0\.0 is not a loopback address"):
        AdminListener(Settings(admin="0.0.0.0:0"))


async def test_a_port_that_is_taken_ends_the_start(administered: Administered) -> None:
    with pytest.raises(WrongSetting, match=r"admin: cannot listen on 127\.0\.0\.1"):
        AdminListener(Settings(admin=str(administered.port)))


async def test_elsewhere_figures_need_a_token_and_travel_encrypted(
    serve: Serve, tokens: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    root = authority.certify("root")
    chain, key = authority.write(tmp_path, authority.certify("leaf", root), root)
    settings = Settings(
        admin="0.0.0.0:0", admin_tokens=str(tokens), tls_certificate=chain, tls_key=key
    )
    gateway, listener = serve().gateway, AdminListener(settings)
    local = LocalGateway(gateway, settings, PuppetLabels(), asyncio.Event())
    listener.start(local, Metrics(gateway))
    assert f"dashboard: open https://127.0.0.1:{listener.port}/dashboard/" in caplog.text

    async def ask(path: str, **headers: str) -> HTTPResponse:
        url = f"https://127.0.0.1:{listener.port}{path}"
        client = AsyncHTTPClient()
        return await client.fetch(url, ssl_options=trust(root), headers=headers, raise_error=False)

    for path in ("/admin/figures", "/admin/sessions", "/metrics"):
        assert (await ask(path)).code == 401
        assert (await ask(path, Authorization=f"Bearer {TOKEN}")).code == 200
    assert (await ask("/dashboard/")).code == 200  # it asks for the token itself
    await listener.close()


async def test_one_address_cannot_take_all_connections(serve: Serve) -> None:
    settings = Settings(admin="0", max_connections_per_address=2)
    gateway, listener = serve().gateway, AdminListener(settings)
    listener.start(
        LocalGateway(gateway, settings, PuppetLabels(), asyncio.Event()), Metrics(gateway)
    )

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        elsewhere = ("127.0.0.2", 0)
        return await asyncio.open_connection("127.0.0.1", listener.port, local_addr=elsewhere)

    connections = [await connect() for _ in range(3)]
    assert await connections[2][0].read() == b""
    connections[0][1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await connections[0][0].readline()).startswith(b"HTTP/1.1 200")
    for _, writer in connections:
        writer.close()
    await listener.close()


async def test_tokens_change_while_it_runs(
    administered: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filewatcher, "POLL_S", 0.01)
    administered.tokens.write_text("carol another-token-of-twenty-characters\n")

    async def refused() -> bool:
        return (await administered.act("log_level", level="info")).code == 401

    await eventually(refused)


def replace(file: Path, content: str) -> None:
    """Write a file anew."""
    file.write_text(content)


async def test_tokens_that_change_while_it_starts(serve: Serve, tokens: Path) -> None:
    settings = Settings(admin="0", admin_tokens=str(tokens))
    gateway, listener = serve().gateway, AdminListener(settings)
    replace(tokens, f"carol {TOKEN[1:]}")  # it has read them, but does not answer yet
    [watcher] = listener.watchers
    watcher.poll()
    watcher.poll()
    listener.start(
        LocalGateway(gateway, settings, PuppetLabels(), asyncio.Event()), Metrics(gateway)
    )
    url = f"http://127.0.0.1:{listener.port}/admin/log_level"
    for token, code in ((TOKEN, 401), (TOKEN[1:], 400)):
        answer = await AsyncHTTPClient().fetch(
            url,
            method="POST",
            body="{}",
            headers={"Authorization": f"Bearer {token}"},
            raise_error=False,
        )
        assert answer.code == code
    await listener.close()


async def test_what_cannot_be_asked(administered: Administered) -> None:
    for method, path, code in (("GET", "/admin/drain", 405), ("POST", "/admin/reboot", 404)):
        answer = await administered.ask(method, path, None if method == "GET" else {})
        assert answer.code == code
        assert json.loads(answer.body)["type"] == "error"
    assert not administered.stop.is_set()


async def test_a_sample_that_fails_is_not_the_last(
    administered: Administered, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = administered.served.gateway
    with monkeypatch.context() as broken:
        broken.setattr(gateway, "statistics", lambda: 1 / 0)
        await until(lambda: "taking a sample for the dashboard failed" in caplog.text)
    first = (await administered.get("/admin/figures"))["next"]

    async def goes_on() -> bool:
        return bool((await administered.get("/admin/figures"))["next"] > first)

    await eventually(goes_on)
