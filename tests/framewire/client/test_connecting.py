"""What the client makes of gateways that refuse it, are silent, or require tokens and TLS."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from framewire.client import (
    AsyncClient,
    Client,
    ClientClosed,
    ConnectionFailed,
    Refused,
    SecondModel,
    Tracking,
)
from framewire.client import connection as connection_module
from framewire.client import session as session_module
from framewire.client.backoff import Backoff
from loadtest.stack import free_port
from tests.server.access import authority, keyring
from tests.server.gateway_process import PATIENCE_S, running

Q = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n"


class Answering(asyncio.Protocol):
    """A server that answers every request with the same bytes, or never."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer:
            self._transport.write(self._answer)
            self._transport.close()


TIMEOUTS_S = (0.3, 3.0, 30.0)
"""How long clients try, one after the other, until one has made an attempt: a stall takes one."""


async def failure(url: str, **options: Any) -> str:
    """What a client says that gets no session."""
    for timeout_s in TIMEOUTS_S:
        with pytest.raises(ConnectionFailed) as caught:
            await AsyncClient(url, connect_timeout_s=timeout_s, **options).__aenter__()
        if "no answer yet" not in str(caught.value):
            break
    return str(caught.value)


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[str]:
    """Serve ``answer``. Yields the WebSocket's URL."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Answering(answer), "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/ws"
    finally:
        listening.close()


@pytest.mark.parametrize(
    ("user", "credentials"), [("ann:p%40ss", b"ann:p@ss"), ("ann", b"ann:"), ("", None)]
)
async def test_a_password_for_a_proxy(user: str, credentials: bytes | None) -> None:
    """It travels in a header, and is in no message."""
    asked: asyncio.Queue[bytes] = asyncio.Queue()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.write(Q % (b"401 Unauthorized", b""))
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(note, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = AsyncClient(
        f"ws://{user}@127.0.0.1:{port}/ws" if user else f"ws://127.0.0.1:{port}/ws"
    )
    with pytest.raises(Refused) as refused:
        await client.__aenter__()
    listening.close()
    head = await asked.get()
    header = None if credentials is None else b"Basic " + base64.b64encode(credentials)
    assert (header is None) == (b"Authorization" not in head)
    assert header is None or b"Authorization: " + header + b"\r\n" in head
    assert "p%40ss" not in str(refused.value)


def test_a_message_about_a_connection_has_no_password() -> None:
    port = free_port()
    client = Client(f"ws://ann:secret@127.0.0.1:{port}/ws", connect_timeout_s=0.3)
    with pytest.raises(ConnectionFailed, match=f"no session with ws://127.0.0.1:{port}/ws within"):
        client.__enter__()


@pytest.mark.parametrize("url", ["ws://[::1/ws", "ws:///ws", "ws://host:99999/ws", "ws://host:0"])
def test_a_url_that_leads_nowhere(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not (a|the) URL"):
        Client(url)


def test_nothing_listens() -> None:
    url = f"ws://127.0.0.1:{free_port()}/ws"
    for timeout_s in TIMEOUTS_S:
        client = Client(url, connect_timeout_s=timeout_s)
        with pytest.raises(ConnectionFailed) as caught:
            client.__enter__()
        if "no answer yet" not in str(caught.value):
            break
    found = rf"no session with {url} within {timeout_s:g} s: .*refused"
    assert re.search(found, str(caught.value))
    with pytest.raises(ClientClosed, match="inside its 'with' block"):
        client.infer(b"")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Q % (b"404 Not Found", b""), r"answered with 404 Not Found \(http_404\)"),
        (Q % (b"403 Forbidden", b""), r"answered with 403 Forbidden \(http_403\)"),
        (Q % (b"302 Found", b"Location: /x\r\n"), r"answered with 302 Found \(http_302\)"),
    ],
)
async def test_a_refusal_is_final(answer: bytes, message: str) -> None:
    async with server(answer) as url:
        with pytest.raises(Refused, match=message):
            await AsyncClient(url).__aenter__()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Q % (b"503 Busy", b"Retry-After: 60\r\n"), "answered with 503 Busy"),
        (Q % (b"200 OK", b""), "does not speak WebSocket at this URL"),
        (b"nonsense\r\n\r\n", "Malformed|closed|HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "does not speak WebSocket at this URL"),
    ],
)
async def test_other_answers_are_tried_again(answer: bytes, message: str) -> None:
    async with server(answer) as url:
        assert re.search(message, await failure(url))


def test_a_wait_is_no_longer_than_a_gateway_can_ask_for() -> None:
    backoff = Backoff(lambda: 0.5)
    backoff.request(86_400.0)
    assert backoff.wait_s(0.0) == 600.0


async def test_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "CONNECT_TIMEOUT_S", 0.1)
    async with server(b"") as url:
        assert "no answer within 0.1 s" in await failure(url)


def test_a_url_of_another_kind() -> None:
    with pytest.raises(ValueError, match="must start with ws:// or wss://, not 'http://host'"):
        Client("http://host")


async def test_options_can_be_changed_before_it_is_open() -> None:
    for client in (Client(min_score=0.1), AsyncClient(min_score=0.1)):
        client.configure(min_score=0.2)
        assert client.statistics().state == client.state == "closed"
        with pytest.raises(ValueError, match="'min_score' must be in"):
            client.configure(min_score=2)
    with pytest.raises(ClientClosed):
        await AsyncClient().infer(b"")
    with pytest.raises(ClientClosed):
        Client().offer(b"")


async def test_tokens_and_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is fetched for each session and renewed before it expires: here, long before."""
    monkeypatch.setattr(session_module, "RENEW_AT", 0.01)
    root = authority.certify("root")
    chain, key = authority.write(tmp_path, authority.certify("leaf", root), root)
    (tmp_path / "root.pem").write_bytes(root.pem)
    secret = keyring.secret()
    keys = keyring.write(tmp_path / "keys.json", secret)
    flags = [f"--tls-certificate={chain}", f"--tls-key={key}", f"--token-keys={keys}"]
    tokens: list[str] = []
    renewed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def token() -> str:
        tokens.append(keyring.signed(secret, exp=int(time.time()) + 60))
        if len(tokens) > 1:
            loop.call_soon_threadsafe(renewed.set)
        return tokens[-1]

    async with running("--token-leeway-s=0", *flags) as gateway:
        await gateway.says("listening on")
        url = f"wss://127.0.0.1:{gateway.port}/ws"
        with pytest.raises(ConnectionFailed, match="certificate"):
            await AsyncClient(url, connect_timeout_s=5).__aenter__()
        with pytest.raises(Refused, match=r"\(unauthorized\)"):
            await AsyncClient(url, ca=tmp_path / "root.pem", token="forged").__aenter__()
        async with AsyncClient(url, ca=tmp_path / "root.pem", token=token) as client:
            assert client.state == "waiting"
            await asyncio.wait_for(renewed.wait(), PATIENCE_S)
            assert client.state == "waiting"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"url": None}, TypeError, r"'url' must be a string, not None \(NoneType\)"),
        ({"token": 7}, TypeError, "'token' must be a string, or a function that returns one"),
        ({"jpeg_quality": 0}, ValueError, r"'jpeg_quality' must be in 1\.\.95, not 0"),
        ({"jpeg_quality": "85"}, TypeError, r"'jpeg_quality' must be an integer, not '85' \(str\)"),
        ({"ca": "nowhere.pem"}, FileNotFoundError, "nowhere.pem"),
        ({"ca": __file__}, ValueError, "has no certificates in PEM"),
        ({"model": 5}, TypeError, r"'model' must be a string, not 5 \(int\)"),
        ({"model": ""}, ValueError, "'model' must not be empty"),
        ({"version": "1"}, TypeError, "'version' must be an integer, not '1'"),
        ({"version": 2**70}, ValueError, "'version' must be in"),
        ({"min_score": "0.5"}, TypeError, "'min_score' must be a number, not '0.5'"),
        ({"min_score": True}, TypeError, "'min_score' must be a number, not True"),
        ({"max_results": 2.5}, TypeError, "'max_results' must be an integer, not 2.5"),
        ({"track": "yes"}, TypeError, "'track' must be True, False or a Tracking"),
        ({"then": 5}, TypeError, "'then' must be a name, a SecondModel, True or False"),
        ({"zones": [(0, 0)]}, TypeError, "'zones' must be a map of names and points"),
        ({"zones": {3: []}}, TypeError, "a name in 'zones' must be a string, not 3"),
        ({"lines": {"a": [1, 2]}}, ValueError, r"the points of 'a' in 'lines' must be \(x, y\)"),
    ],
)
def test_options_of_the_wrong_type(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Client(**options)


@pytest.mark.parametrize(
    "wrong", [lambda: Tracking(lost_ms="1"), lambda: SecondModel("a", max_boxes=2.5)]
)
def test_nested_options_of_the_wrong_type(wrong: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="must be an integer"):
        wrong()


async def test_a_token_function_that_returns_no_string() -> None:
    text = await failure(f"ws://127.0.0.1:{free_port()}/ws", token=lambda: 5)
    assert "the token function returned int, not a string" in text


async def test_a_server_that_ends_the_handshake() -> None:
    async with server(b"HTTP/1.1 101 Swi") as url:
        assert "closed the connection during the handshake" in await failure(url)


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (
            b'{"code": "overloaded", "message": "too many sessions: at most 8 may be open"}',
            ": too many sessions: at most 8 may be open$",
        ),
        (b'{"message": 7}', "$"),
        (b"[]", "$"),
        (b"<html>busy</html>", "$"),
    ],
)
async def test_what_a_gateway_says_in_its_answer_is_passed_on(body: bytes, ending: str) -> None:
    head = b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    async with server(head % len(body) + body) as url:
        assert re.search(f"answered with 503 Busy{ending}", await failure(url))
