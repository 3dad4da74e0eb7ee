"""Tokens at each address: who may connect, for how long, and what rejected clients receive."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse

from server.core import session
from server.core.admission import UNAUTHORIZED
from server.runtime.metrics import Metrics
from tests.server.access.keyring import Entry, pair, secret, signed, unsigned, write
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.samples import picture
from tests.server.waiting import until


@pytest.fixture
def key() -> Entry:
    return secret()


@pytest.fixture
def guarded(serve: Serve, key: Entry, tmp_path: Path) -> Served:
    """A gateway that requires tokens, without leeway for other clocks."""
    keys = write(tmp_path / "keys.json", key, pair("EdDSA", "two")[1])
    return serve(token_keys=keys, token_leeway_s=0.0)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def bad_tokens(key: Entry) -> dict[str, str]:
    return {
        "expired": signed(key, exp=int(time.time()) - 1),
        "forged": signed(secret()),
        "alg none": unsigned({"alg": "none", "kid": "one"}),
        "wrong audience": signed(key, aud="elsewhere"),
        "nonsense": "nonsense",
    }


BAD = pytest.mark.parametrize("kind", list(bad_tokens(secret())))


async def shake(served: Served, **headers: str) -> int:
    """Return the status of a handshake."""
    try:
        client = await SocketClient.connect(served, headers=headers)
    except HTTPClientError as error:
        return error.code
    client.socket.close()
    return 101


async def turned_away(served: Served, **hello: Any) -> str:
    """Return the error that answers a hello before the connection closes."""
    client = await SocketClient.connect(served)
    client.send({"type": "hello", **hello})
    client.shoot(1)
    error = await client.read()
    assert (error["type"], error["code"], error["retryable"]) == ("error", "unauthorized", False)
    assert await client.closed() == (UNAUTHORIZED, error["message"])
    return str(error["message"])


# Connecting


async def test_a_token_in_hello(guarded: Served, key: Entry) -> None:
    client = await SocketClient.connect(guarded)
    client.send({"type": "hello", "token": signed(key, exp=int(time.time()) + 100)})
    welcome = await client.read()
    assert welcome["type"] == "welcome"
    assert 80 <= welcome["expires_in_s"] <= 100
    await client.works()


async def test_a_token_in_the_handshake(guarded: Served) -> None:
    private = pair("EdDSA", "two")[0]
    client = await SocketClient.connect(guarded, headers=bearer(signed(private)))
    client.send({"type": "hello"})
    assert (await client.read())["type"] == "welcome"
    await client.works()


async def test_a_session_without_a_token_is_rejected(
    guarded: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert "a token is required" in await turned_away(guarded)
    assert guarded.puppet.calls == []
    assert "/ws from 127.0.0.1 rejected: a token is required" in caplog.text
    assert await shake(guarded, **bearer("nonsense")) == 401
    value = Metrics(guarded.gateway).registry.get_sample_value
    labels = {"path": "/ws", "code": "unauthorized"}
    assert value("framewire_refused_requests_total", labels) == 2


@BAD
async def test_a_bad_token_in_hello(guarded: Served, key: Entry, kind: str) -> None:
    assert "token" in await turned_away(guarded, token=bad_tokens(key)[kind])


@BAD
async def test_a_bad_token_in_the_handshake(guarded: Served, key: Entry, kind: str) -> None:
    assert await shake(guarded, **bearer(bad_tokens(key)[kind])) == 401


async def test_a_rejected_handshake_gives_the_reason(guarded: Served) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await SocketClient.connect(guarded, headers=bearer("nonsense"))
    answer = caught.value.response
    assert answer is not None
    assert json.loads(answer.body)["code"] == "unauthorized"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_other_authorization_schemes_are_left_to_the_proxy(guarded: Served) -> None:
    assert await shake(guarded, Authorization="Basic YTpi") == 101
    assert await shake(guarded, Authorization="Bearer") == 401


async def test_tokens_are_ignored_if_none_are_required(served: Served) -> None:
    client = await SocketClient.connect(served, headers=bearer("nonsense"))
    client.send({"type": "hello", "token": "nonsense"})
    assert "expires_in_s" not in await client.read()
    await client.works()


# Uploads


async def upload(served: Served, path: str = "/v1/infer", **headers: str) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(
        served.url(path), method="POST", body=picture(), headers=headers, raise_error=False
    )


async def test_an_upload_with_a_token(guarded: Served, key: Entry) -> None:
    assert (await upload(guarded, **bearer(signed(key)))).code == 200
    assert (await upload(guarded, Authorization=f"bearer  {signed(key)}")).code == 200


@BAD
async def test_an_upload_with_a_bad_token(guarded: Served, key: Entry, kind: str) -> None:
    response = await upload(guarded, **bearer(bad_tokens(key)[kind]))
    assert (response.code, json.loads(response.body)["code"]) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_in_the_url_is_ignored(guarded: Served, key: Entry) -> None:
    """Every proxy on the way logs URLs."""
    assert (await upload(guarded)).code == 401
    assert (await upload(guarded, f"/v1/infer?token={signed(key)}")).code == 401
    assert guarded.puppet.calls == []


async def test_a_token_that_expires_during_the_upload(guarded: Served, key: Entry) -> None:
    exp = int(time.time()) + 2
    token = signed(key, exp=exp)
    reader, writer = await asyncio.open_connection("127.0.0.1", guarded.port)
    data = picture()
    writer.write(
        b"POST /v1/infer HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "
        + f"{token}\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        + data[:10]
    )
    await until(lambda: time.time() > exp)
    writer.write(data[10:])
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"expired" in answer
    writer.close()


# Without a token


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/static/framewire.js"])
async def test_health_and_the_page_require_no_token(guarded: Served, path: str) -> None:
    assert (await AsyncHTTPClient().fetch(guarded.url(path))).code == 200


# Renewal and expiry


async def expiring(served: Served, key: Entry) -> SocketClient:
    """Open a session whose token is valid for two or three seconds."""
    token = signed(key, exp=int(time.time()) + 3)
    return await SocketClient.open(served, token=token)


async def test_a_session_ends_with_its_token(
    guarded: Served, key: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LAST_ANSWERS_S", 3.0)
    guarded.puppet.obey = None
    client = await expiring(guarded, key)
    client.shoot(1)
    call = await guarded.puppet.next_call()
    error = await client.read()
    assert (error["code"], error["retryable"], "id" in error) == ("unauthorized", False, False)
    # Frames in flight are answered, new frames are rejected.
    client.shoot(2)
    late = await client.read()
    assert (late["code"], late["id"]) == ("unauthorized", 2)
    call.answer()
    result = await client.read()
    assert (result["type"], result["id"]) == ("result", 1)
    assert await client.closed() == (UNAUTHORIZED, "the token has expired")


async def test_renewing_a_token_in_time_interrupts_nothing(guarded: Served, key: Entry) -> None:
    client = await expiring(guarded, key)
    client.send({"type": "configure", "token": signed(key, exp=int(time.time()) + 1000)})
    authorized = await client.read()
    assert authorized["type"] == "authorized"
    assert authorized["expires_in_s"] > 900
    [open_session] = guarded.gateway.sessions
    timer = open_session.expiry
    assert timer is not None
    assert timer.when() > asyncio.get_running_loop().time() + 900
    await client.works()


async def test_renewing_with_a_bad_token_keeps_the_session(guarded: Served, key: Entry) -> None:
    client = await SocketClient.open(guarded, token=signed(key))
    for token in bad_tokens(key).values():
        client.send({"type": "configure", "token": token})
        assert (await client.read())["code"] == "unauthorized"
    await client.works()


async def test_timers_end_with_their_sessions(guarded: Served, key: Entry) -> None:
    client = await SocketClient.open(guarded, token=signed(key))
    [open_session] = guarded.gateway.sessions
    timer = open_session.expiry
    assert timer is not None
    client.socket.close()
    await until(lambda: not guarded.gateway.statistics().sessions)
    assert timer.cancelled()
    assert (await upload(guarded, **bearer(signed(key)))).code == 200
    assert not guarded.gateway.statistics().sessions


async def test_keys_change_under_a_live_gateway(serve: Serve, tmp_path: Path) -> None:
    old, new = secret("old"), secret("new")
    path = tmp_path / "keys.json"
    served = serve(token_keys=write(path, old))
    live = await SocketClient.open(served, token=signed(old))
    write(path, new, old)
    [watch] = served.access.watchers
    watch.poll()
    watch.poll()
    await (await SocketClient.open(served, token=signed(new))).works()
    await (await SocketClient.open(served, token=signed(old))).works()
    write(path, new)
    watch.poll()
    watch.poll()
    assert "names no known key" in await turned_away(served, token=signed(old))
    await live.works()
