"""Connecting to /ws: who may, and in which encoding."""

from __future__ import annotations

import asyncio
import json

import msgpack
import pytest
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketError

from server.core.wire import JSON, Encoding
from server.handlers.encodings import MSGPACK
from server.runtime import sessions
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient

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
async def test_who_offers_no_subprotocol_is_known_by_its_first_message(
    served: Served, encoding: Encoding
) -> None:
    client = await SocketClient.connect(served, encoding, subprotocols=[])
    assert client.socket.selected_subprotocol is None
    client.send({"type": "hello"})
    assert (await client.read())["type"] == "welcome"
    await client.works()
    # And is held to it.
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
async def test_the_first_subprotocol_that_is_spoken_here(
    served: Served, offered: list[str], selected: str | None
) -> None:
    client = await SocketClient.connect(served, subprotocols=offered)
    assert client.socket.selected_subprotocol == selected


async def test_the_wrong_kind_of_message_for_a_subprotocol(served: Served) -> None:
    client = await SocketClient.connect(served, MSGPACK)
    client.send_raw('{"type":"hello"}')
    error = await client.read()
    assert error["message"] == "framewire.v1.msgpack messages must be binary"
    client.send({"type": "hello"})
    assert (await client.read())["type"] == "welcome"


# Origins


async def refusal(served: Served, origin: str, **headers: str) -> int:
    """The status that a page of ``origin`` is refused with; 101 where it is not."""
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
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://[broken",
        "nonsense",
    ],
)
async def test_foreign_origins_are_refused(served: Served, origin: str) -> None:
    assert await refusal(served, origin) == 403


async def test_this_hosts_own_pages_may_connect(served: Served) -> None:
    assert await refusal(served, f"http://127.0.0.1:{served.port}") == 101
    own = {"Host": "Cameras.example"}
    assert await refusal(served, "https://cameras.example", **own) == 101
    assert await refusal(served, "https://cameras.example.evil", **own) == 403


async def test_allowed_origins(serve: Serve) -> None:
    served = serve(allowed_origins="https://example.com, weapp://wechat-game-runtime,null")
    for origin in ("https://example.com", "weapp://wechat-game-runtime", "null"):
        assert await refusal(served, origin) == 101
    for origin in ("http://example.com", "https://example.com:8443", "https://a.example.com", ""):
        assert await refusal(served, origin) == 403


async def test_all_origins(serve: Serve) -> None:
    served = serve(allowed_origins="*")
    for origin in ("https://example.com", "null", "weapp://wechat-game-runtime"):
        assert await refusal(served, origin) == 101


# What is no handshake


async def request(served: Served, head: str) -> bytes:
    """The answer to a raw request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head.replace("\n", "\r\n").encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /ws HTTP/1.1\nHost: h\n\n", b"400"),
        ("GET /ws HTTP/1.1\nHost: h\nUpgrade: websocket\n\n", b"400"),
        (
            "GET /ws HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: upgrade\n"
            "Sec-WebSocket-Version: 12\n\n",
            b"426",
        ),
        ("POST /ws HTTP/1.1\nHost: h\nContent-Length: 0\n\n", b"405"),
    ],
)
async def test_what_is_no_handshake(served: Served, head: str, status: bytes) -> None:
    assert status in (await request(served, head)).split(b"\r\n")[0]
    client = await SocketClient.open(served)
    await client.works()


# Too many


@pytest.mark.parametrize(
    ("subprotocols", "unpack"),
    [(["framewire.v1.msgpack"], msgpack.unpackb), (["framewire.v1.json"], json.loads)],
)
async def test_too_many_sessions(serve: Serve, subprotocols: list[str], unpack: object) -> None:
    served = serve(max_sessions=1)
    first = await SocketClient.open(served)
    late = await SocketClient.connect(served, subprotocols=subprotocols)
    payload = await asyncio.wait_for(late.socket.read_message(), 5)
    assert callable(unpack)
    error = unpack(payload)
    assert (error["type"], error["code"], error["retryable"]) == ("error", "overloaded", True)
    assert await late.closed() == (1013, "1 sessions are open, the most allowed")
    await first.works()
    first.socket.close()
    await first.closed()
    again = await SocketClient.open(served)
    await again.works()


async def test_a_silent_socket_makes_room(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "GREETING_S", 0.0)
    served = serve(max_sessions=1)
    silent = await SocketClient.connect(served)
    next_one = await SocketClient.open(served)
    assert await silent.closed() == (1013, "no hello, and the place is needed")
    await next_one.works()


async def test_who_is_turned_away_may_say_what_it_likes(serve: Serve) -> None:
    served = serve(max_sessions=1)
    first = await SocketClient.open(served)
    late = await SocketClient.connect(served)
    late.send({"type": "hello"})
    late.shoot(1)
    assert (await late.read())["code"] == "overloaded"
    assert (await late.closed())[0] == 1013
    await first.works()


async def test_a_closed_socket_is_an_end(served: Served) -> None:
    client = await SocketClient.open(served)
    client.socket.close(1000, "done")
    assert await client.closed() == (1000, None)
    with pytest.raises(WebSocketError):
        client.shoot(1)
