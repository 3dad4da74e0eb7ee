"""Calls on a connection of their own: with gRPC's server, and with one that speaks frames."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from server.backend.http2 import DirectMethod, frames
from server.backend.http2.frames import frame, number
from server.backend.http2.headers import encode
from tests.server.backend.framing_peer import (
    BOTH,
    METHOD,
    PATIENCE_S,
    TRAILERS,
    Peer,
    called,
    failure,
    fallback,
    until_connected,
)

Code = grpc.StatusCode


# gRPC's own server


def _answer(request: bytes, context: grpc.ServicerContext) -> bytes:
    if request == b"fail":
        context.abort(Code.NOT_FOUND, "no such thing: größer 100 %")
    if request == b"wait":
        ended = futures.Future[None]()
        context.add_callback(lambda: ended.set_result(None))
        ended.result(PATIENCE_S)
    given = dict(context.invocation_metadata())
    context.set_trailing_metadata((("server-timing", f"total;dur={len(request)}"),))
    return given.get("traceparent", "").encode() + request


@pytest.fixture(scope="module", params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[str]:
    options = [("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(4), options=options)
    handler = grpc.unary_unary_rpc_method_handler(_answer)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("tests.Echo", {"Call": handler}),)
    )
    path: Path = tmp_path_factory.mktemp("grpc") / "socket"
    wanted = f"unix:{path}" if request.param == "unix" else "127.0.0.1:0"
    port = server.add_insecure_port(wanted)
    server.start()
    yield wanted if request.param == "unix" else f"127.0.0.1:{port}"
    server.stop(None)


@pytest_asyncio.fixture
async def method(address: str) -> AsyncIterator[DirectMethod]:
    method = DirectMethod(address, METHOD, bytes, fallback)
    await until_connected(method)
    yield method
    method.disconnect()


async def test_an_answer_with_its_trailers(method: DirectMethod) -> None:
    answer, trailers = await method([b"a", b"bc"], PATIENCE_S, (("traceparent", "00-1"),))
    assert answer == b"00-1abc"
    assert trailers["server-timing"] == "total;dur=3"


async def test_large_messages_both_ways_side_by_side(method: DirectMethod) -> None:
    requests = [[bytes([number]) * 1_500_000] * 2 for number in range(3)]
    answers = await asyncio.gather(*(method(pieces, PATIENCE_S, ()) for pieces in requests))
    assert [answer for answer, _ in answers] == [b"".join(pieces) for pieces in requests]


async def test_a_status_code_and_its_message(method: DirectMethod) -> None:
    error = await failure(method, b"fail")
    assert error.code() is Code.NOT_FOUND
    assert error.details() == "no such thing: größer 100 %"


async def test_each_call_has_its_own_deadline(method: DirectMethod) -> None:
    slow = asyncio.ensure_future(failure(method, b"wait", 1.0))
    error = await failure(method, b"wait", 0.05)
    assert error.code() is Code.DEADLINE_EXCEEDED
    assert not slow.done()
    assert (await slow).code() is Code.DEADLINE_EXCEEDED
    assert (await method([b"next"], PATIENCE_S, ()))[0] == b"next"


async def test_disconnecting_ends_calls_and_a_later_one_connects_again(
    method: DirectMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)
    call = asyncio.ensure_future(failure(method, b"wait"))
    await asyncio.sleep(0)
    method.disconnect()
    assert (await call).code() is Code.UNAVAILABLE
    await until_connected(method)


# A server that speaks frames


@pytest.mark.parametrize("turns", range(8))
async def test_disconnecting_while_it_connects_leaves_no_connection(
    tmp_path: Path, turns: int
) -> None:
    path, ends = tmp_path / "socket", []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(end := asyncio.Event())
        writer.write(frames.settings({}))
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        writer.close()
        end.set()

    async with await asyncio.start_unix_server(serve, path):
        method = DirectMethod(f"unix:{path}", METHOD, bytes, fallback)
        await method([b"connect"], PATIENCE_S, ())
        for _ in range(turns):
            await asyncio.sleep(0)
        method.disconnect()
        reader, writer = await asyncio.open_unix_connection(path)
        await reader.readexactly(len(frames.settings({})))  # accepted after any other
        writer.close()
        await asyncio.wait_for(asyncio.gather(*(end.wait() for end in ends)), 5.0)


async def test_a_peer_that_leaves_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)

    async def leave(peer: Peer, stream: int) -> None:
        if peer.connections > 1:
            peer.answer(stream, b"again")
            return
        last = (stream - 2).to_bytes(4, "big") + bytes(4)
        peer.writer.write(frame(frames.GOAWAY, 0, 0, last))

    result, peer = await called(leave, afterwards=until_connected)
    assert result == b"fallback"
    assert peer.connections == 2


async def test_a_lost_connection_is_unavailable() -> None:
    async def hang_up(peer: Peer, stream: int) -> None:
        peer.writer.close()

    result, _ = await called(hang_up)
    assert result.code() is Code.UNAVAILABLE


async def test_a_call_that_takes_too_long_is_reset() -> None:
    async def nothing(peer: Peer, stream: int) -> None:
        pass

    result, peer = await called(nothing, 0.05)
    assert result.code() is Code.DEADLINE_EXCEEDED
    assert (frames.RST_STREAM, 0, 3, b"\0\0\0\x08") in peer.received


@pytest.mark.parametrize(
    ("headers", "code", "details"),
    [
        ({":status": "503"}, Code.UNAVAILABLE, "HTTP status 503 (of no type) and no status"),
        ({":status": "200", "content-type": "text/html"}, Code.UNKNOWN, "HTTP status 200 (text/h"),
        ({":status": "200", "grpc-status": "14", "grpc-message": "%21"}, Code.UNAVAILABLE, "!"),
        ({":status": "200", "grpc-status": "99", "grpc-message": "odd"}, Code.UNKNOWN, "status 99"),
        ({":status": "200", "grpc-status": "?", "grpc-message": "odd"}, Code.UNKNOWN, "gRPC: odd"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
async def test_headers_without_a_message(
    headers: dict[str, str], code: grpc.StatusCode, details: str, alone: bool
) -> None:
    """If they are not alone, an empty frame of data ends the call, as some proxies do it."""

    async def refuse(peer: Peer, stream: int) -> None:
        flags = BOTH if alone else frames.END_HEADERS
        end = b"" if alone else frame(frames.DATA, frames.END_STREAM, stream, b"")
        peer.writer.write(frame(frames.HEADERS, flags, stream, encode(headers.items())) + end)

    result, _ = await called(refuse)
    assert result.code() is code
    assert details in result.details()


@pytest.mark.parametrize(("trailers", "code"), [(True, Code.INTERNAL), (False, Code.UNKNOWN)])
async def test_success_without_a_message(trailers: bool, code: grpc.StatusCode) -> None:
    async def succeed(peer: Peer, stream: int) -> None:
        said = frame(frames.HEADERS, BOTH if trailers else frames.END_HEADERS, stream, TRAILERS)
        nothing = frame(frames.DATA, frames.END_STREAM, stream, b"")
        peer.writer.write(said if trailers else said + nothing)

    result, _ = await called(succeed)
    assert result.code() is code


@pytest.mark.parametrize(
    ("reset", "code", "name"),
    [
        (8, Code.CANCELLED, "CANCEL"),
        (2, Code.INTERNAL, "INTERNAL_ERROR"),
        (11, Code.RESOURCE_EXHAUSTED, "ENHANCE_YOUR_CALM"),
        (99, Code.INTERNAL, "code 99"),
    ],
)
async def test_a_call_that_is_reset(reset: int, code: grpc.StatusCode, name: str) -> None:
    async def refuse(peer: Peer, stream: int) -> None:
        peer.writer.write(number(frames.RST_STREAM, stream, reset))

    result, _ = await called(refuse)
    assert result.code() is code
    assert result.details() == f"the call was reset with {name}"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        frame(1, 5, 3, b"\xff"),
        frame(1, 5, 3, b"\x7f" + 9000 * b"\xff"),
    ],
)
async def test_a_peer_that_is_misunderstood_costs_no_call(
    nonsense: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.backend.http2.method.RETRY_S", 0.0)

    async def babble(peer: Peer, stream: int) -> None:
        peer.writer.write(nonsense)

    result, peer = await called(babble)
    assert result == b"fallback"
    assert peer.connections == 1
    [line] = caplog.messages
    assert line.startswith("model server localhost:")
    assert len(line) < 500


async def test_an_answer_before_nonsense_counts() -> None:
    """Both arrive in one read, so the call has ended when the rest is not understood."""

    async def answer_and_babble(peer: Peer, stream: int) -> None:
        peer.answer(stream, b"answer", frame(frames.PUSH_PROMISE, 0, stream, bytes(4)))

    result, _ = await called(answer_and_babble)
    assert result == b"answer"


async def test_a_compressed_answer_costs_no_call() -> None:
    async def compress(peer: Peer, stream: int) -> None:
        peer.answer(stream, b"gzip", compressed=1)

    result, _ = await called(compress)
    assert result == b"fallback"


async def test_a_peer_that_says_nothing_gets_no_calls() -> None:
    accepted, ended = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        method = DirectMethod(f"127.0.0.1:{port}", METHOD, bytes, fallback)
        for _ in range(2):
            assert (await method([b"?"], PATIENCE_S, ()))[0] == b"fallback"
            await asyncio.wait_for(accepted.wait(), PATIENCE_S)
        method.disconnect()
        await asyncio.wait_for(ended.wait(), PATIENCE_S)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere.invalid:80", "unix:/no/such", "?"])
async def test_without_a_connection_calls_go_to_the_fallback(address: str) -> None:
    method = DirectMethod(address, METHOD, bytes, fallback)
    assert (await method([b"a", b"b"], PATIENCE_S, ()))[0] == b"fallback"
    await asyncio.sleep(0.05)
    assert (await method([b"a", b"b"], PATIENCE_S, ()))[0] == b"fallback"
    method.disconnect()
