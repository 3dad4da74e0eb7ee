"""Connecting to /ws: encodings, origins, incomplete handshakes and full gateways."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.websocket import WebSocketError

from server.core.wire import JSON, Encoding
from server.runtime import sessions
from server.runtime.metrics import Metrics
from server.transport.encodings import MSGPACK
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.raw_peer import RawPeer, handshake

BOTH = pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])


@BOTH
async def test_hello_and_a_frame(served: Served, encoding: Encoding) -> None:
    client = await SocketClient.connect(served, encoding)
    assert client.socket.selected_subprotocol == encoding.subprotocol
    client.send({"type": "hello", "client": "test 1.0"})
    welcome = await client.read()
    assert welcome["type"] == "welcome"
    assert welcome["model"]["name"] == "digits"
    assert welcome["limits"]["max_frame_bytes"] == served.settings.max_frame_bytes
    assert welcome["heartbeat_s"] == served.settings.ping_s
    client.shoot(3, captured_at=1.5)
    result = await client.read()
    assert (result["type"], result["id"], result["captured_at"]) == ("result", 3, 1.5)
    assert result["boxes"] == [[0.0, 0.0, 0.5, 0.5]]
    assert result["classes"] == [3]


@BOTH
async def test_without_subprotocol_the_first_message_decides(
    served: Served, encoding: Encoding
) -> None:
    client = await SocketClient.connect(served, encoding, subprotocols=[])
    assert client.socket.selected_subprotocol is None
    client.send({"type": "hello"})
    assert (await client.read())["type"] == "welcome"
    await client.works()
    # The encoding cannot change afterwards.
    other = JSON if encoding is MSGPACK else MSGPACK
    client.send_raw(other.pack({"type": "ping"}))
    error = await client.read()
    assert error["code"] == "bad_message"
    assert encoding.subprotocol in error["message"]


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        (["chat", "framewire.v1.json", "framewire.v1.msgpack"], "framewire.v1.json"),
        (["framewire.v1.msgpack", "framewire.v1.json"], "framewire.v1.msgpack"),
        (["framewire.v2.msgpack"], None),
    ],
)
async def test_the_first_supported_subprotocol_is_selected(
    served: Served, offered: list[str], selected: str | None
) -> None:
    client = await SocketClient.connect(served, subprotocols=offered)
    assert client.socket.selected_subprotocol == selected


async def test_text_on_a_binary_subprotocol(served: Served) -> None:
    client = await SocketClient.connect(served, MSGPACK)
    client.send_raw('{"type":"hello"}')
    error = await client.read()
    assert error["message"] == "framewire.v1.msgpack messages must be binary"
    client.send({"type": "hello"})
    assert (await client.read())["type"] == "welcome"


# Origins


async def refusal(served: Served, origin: str, **headers: str) -> int:
    """Return the status of a handshake from a page of ``origin``; 101 if it succeeds."""
    try:
        client = await SocketClient.connect(served, headers={"Origin": origin, **headers})
    except HTTPClientError as error:
        return error.code
    client.socket.close()
    return 101


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "weapp://wechat-game-runtime",
        "https://servicewechat.com",
        "null",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://[broken",
        "nonsense",
    ],
)
async def test_foreign_origins_are_rejected(served: Served, origin: str) -> None:
    assert await refusal(served, origin) == 403


async def test_an_empty_origin_counts_as_none(served: Served) -> None:
    """No browser sends one; some HTTP clients and proxies do."""
    assert await refusal(served, "") == 101


async def test_the_gateways_own_pages_may_connect(serve: Serve) -> None:
    served = serve(allowed_hosts="127.0.0.1, cameras.example")
    assert await refusal(served, f"http://127.0.0.1:{served.port}") == 101
    own = {"Host": "Cameras.example"}
    assert await refusal(served, "https://cameras.example", **own) == 101
    assert await refusal(served, "https://cameras.example.evil", **own) == 403


async def test_allowed_origins(serve: Serve) -> None:
    served = serve(allowed_origins="https://example.com, weapp://wechat-game-runtime,null")
    for origin in ("https://example.com", "weapp://wechat-game-runtime", "null"):
        assert await refusal(served, origin) == 101
    for origin in ("http://example.com", "https://example.com:8443", "https://a.example.com"):
        assert await refusal(served, origin) == 403


async def test_all_origins(serve: Serve) -> None:
    served = serve(allowed_origins="*")
    for origin in ("https://example.com", "null", "weapp://wechat-game-runtime"):
        assert await refusal(served, origin) == 101


# Incomplete handshakes


async def exchange(served: Served, head: str) -> tuple[int, dict[str, str], bytes]:
    """Send a request as it is; return the answer's status, headers and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    status, *lines = answer.decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    writer.close()
    return int(status.split()[1]), headers, body


UPGRADE = (
    "GET /ws HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n"
    "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        # What nginx sends by default.
        ("GET /ws HTTP/1.0\nHost: h\nConnection: close", "proxy_http_version 1.1"),
        (UPGRADE.replace("HTTP/1.1", "HTTP/1.0"), "proxy_http_version 1.1"),
        ("GET /ws HTTP/1.1\nHost: h", "proxy_set_header Upgrade $http_upgrade"),
        (UPGRADE.replace("Upgrade: websocket\n", ""), "no Upgrade: websocket"),
        (UPGRADE.replace("websocket\n", "h2c\n"), "no Upgrade: websocket"),
        (UPGRADE.replace("Connection: Upgrade", "Connection: keep-alive"), "Connection: Upgrade"),
        (UPGRADE.replace("Version: 13", "Version: 12"), "only version 13"),
        (UPGRADE.replace("Sec-WebSocket-Version: 13\n", ""), "only version 13"),
    ],
)
async def test_an_incomplete_handshake_is_answered_with_what_is_missing(
    served: Served, head: str, words: str
) -> None:
    status, headers, body = await exchange(served, head)
    assert status == 426
    assert (headers["upgrade"], headers["sec-websocket-version"]) == ("websocket", "13")
    assert headers["connection"] == "Upgrade"
    fields = json.loads(body)
    assert (fields["type"], fields["code"]) == ("error", "upgrade_required")
    assert words in fields["message"]
    client = await SocketClient.open(served)
    await client.works()


@pytest.mark.parametrize(
    "head",
    [
        UPGRADE,
        UPGRADE.replace("websocket", "WebSocket").replace("Connection: U", "connection: u"),
        UPGRADE.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
    ],
)
async def test_handshake_headers_are_matched_regardless_of_case(served: Served, head: str) -> None:
    assert (await exchange(served, head))[0] == 101


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (UPGRADE.partition("\nSec-WebSocket-Key")[0], 400),
        ("POST /ws HTTP/1.1\nHost: h\nContent-Length: 0", 405),
    ],
)
async def test_other_requests(served: Served, head: str, status: int) -> None:
    found, _, body = await exchange(served, head)
    assert (found, json.loads(body)["code"]) == (status, "bad_message")


# Too many


def error_of(response: HTTPResponse) -> str:
    """The message of a handshake's 503, which says when to try again."""
    fields = json.loads(response.body)
    assert (response.code, fields["code"], fields["retryable"]) == (503, "overloaded", True)
    assert int(response.headers["Retry-After"]) >= 1
    assert isinstance(fields["message"], str)
    return fields["message"]


async def test_too_many_sessions(serve: Serve) -> None:
    served = serve(max_sessions=1)
    first = await SocketClient.open(served)
    response = await SocketClient.rejected(served)
    assert error_of(response) == "too many sessions: at most 1 may be open; try again later"
    # A page learns the reason by a plain request.
    page = await AsyncHTTPClient().fetch(served.url("/ws"), raise_error=False)
    assert error_of(page) == "too many sessions: at most 1 may be open; try again later"
    await first.works()
    first.socket.close()
    await first.closed()
    again = await SocketClient.open(served)
    await again.works()


ANN, BOB = {"X-Forwarded-For": "8.8.8.8"}, {"X-Forwarded-For": "8.8.4.4"}


async def test_an_address_leaves_room_for_others(serve: Serve) -> None:
    served = serve(max_sessions=4, max_sessions_per_address=2, trusted_proxies="127.0.0.1")
    first, _ = [await SocketClient.open(served, headers=ANN) for _ in range(2)]
    served.access.handshakes = None
    response = await SocketClient.rejected(served, ANN)
    assert error_of(response) == ("too many sessions from this address: at most 2 may be open")
    await (await SocketClient.open(served, headers=BOB)).works()
    first.socket.close()
    await first.closed()
    value = Metrics(served.gateway).registry.get_sample_value
    rejected = {"reason": "max_sessions_per_address"}
    assert value("framewire_sessions_refused_total", rejected) == 1
    await (await SocketClient.open(served, headers=ANN)).works()


async def test_an_address_that_keeps_reconnecting(serve: Serve) -> None:
    served = serve(max_sessions_per_address=2, trusted_proxies="127.0.0.1")
    for _ in range(2):
        (await SocketClient.open(served, headers=ANN)).socket.close()
    response = await SocketClient.rejected(served, ANN)
    assert error_of(response) == "too many handshakes from this address; try again later"
    assert 1 <= int(response.headers["Retry-After"]) <= 5
    await SocketClient.open(served, headers=BOB)


async def test_no_limit_by_address_applies_to_this_machine(serve: Serve) -> None:
    served = serve(max_sessions_per_address=1)
    for _ in range(3):
        await (await SocketClient.open(served)).works()


async def test_a_connection_without_hello_is_evicted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "GREETING_S", 0.0)
    served = serve(max_sessions=1)
    silent = await SocketClient.connect(served)
    next_one = await SocketClient.open(served)
    assert await silent.closed() == (1013, "no hello, and another client needs the slot")
    await next_one.works()


async def test_closing_from_the_client(served: Served) -> None:
    client = await SocketClient.open(served)
    client.socket.close(1000, "done")
    assert await client.closed() == (1000, None)
    with pytest.raises(WebSocketError):
        client.shoot(1)


# Costly heads


async def test_extensions_are_not_even_parsed(served: Served) -> None:
    """Parsing this list takes Tornado a tenth of a second and more."""
    offered = "Sec-WebSocket-Extensions: " + ",".join(["a;b=c"] * 2500)
    peer = await RawPeer.connect(served.port, headers=(offered,))
    assert b"Sec-WebSocket-Extensions" not in peer.response
    peer.leave()


async def test_a_head_that_is_too_long_ends_the_connection(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(handshake("X: " + "a" * 17_000))
    assert b" 101 " not in await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    await (await SocketClient.open(served)).works()
