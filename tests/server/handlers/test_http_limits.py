"""What one address may ask for over HTTP: connections, and requests."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from loadtest import websocket
from server.handlers.pages import LONGEST_PATH
from server.runtime.metrics import Metrics
from server.transport.tornado_private import FREE_CHUNKS, MAX_HEADER_LINES, MAX_QUERY_FIELDS
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(served: Served, address: str) -> Connection:
    return await asyncio.open_connection("127.0.0.1", served.port, local_addr=(address, 0))


async def answered(connection: Connection) -> bool:
    """Whether a request on this connection is answered; otherwise the connection has ended."""
    reader, writer = connection
    try:
        writer.write(REQUEST)
        line = await asyncio.wait_for(reader.readline(), 20)
    except ConnectionError:
        return False
    return line.startswith(b"HTTP/1.1 200")


def refused(served: Served, reason: str) -> float | None:
    value = Metrics(served.gateway).registry.get_sample_value
    return value("framewire_sessions_refused_total", {"reason": reason})


async def fetch(served: Served, address: str, path: str = "/healthz") -> HTTPResponse:
    headers = {"X-Forwarded-For": address}
    return await AsyncHTTPClient().fetch(served.url(path), headers=headers, raise_error=False)


async def test_an_address_may_hold_so_many_connections(serve: Serve) -> None:
    served = serve(max_connections_per_address=2)
    first, second = [await connect(served, "127.1.0.1") for _ in range(2)]
    assert await answered(first)
    assert await answered(second)
    assert not await answered(await connect(served, "127.1.0.1"))
    assert refused(served, "max_connections_per_address") == 1
    assert await answered(await connect(served, "127.1.0.2"))
    first[1].close()
    await first[1].wait_closed()
    while not await answered(await connect(served, "127.1.0.1")):
        pass


async def test_sessions_do_not_count_as_connections(serve: Serve) -> None:
    served = serve(max_connections_per_address=1)
    sessions = []
    for _ in range(3):
        reader, writer = await connect(served, "127.1.0.1")
        writer.write(websocket.handshake())
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 101")
        sessions.append(writer)
    assert served.gateway.statistics().sessions == len(sessions) == 3


async def test_an_address_may_make_so_many_requests(serve: Serve) -> None:
    served = serve(max_requests_per_s=0.2, trusted_proxies="127.0.0.1")
    assert [(await fetch(served, "8.8.8.8")).code for _ in range(3)] == [200, 200, 503]
    response = await fetch(served, "8.8.8.8", "/static/framewire.js")
    assert json.loads(response.body)["code"] == "overloaded"
    assert 1 <= int(response.headers["Retry-After"]) <= 5
    assert response.headers["Connection"] == "close"
    assert refused(served, "max_requests_per_s") == 2
    assert (await fetch(served, "8.8.4.4")).code == 200
    await (await SocketClient.open(served, headers={"X-Forwarded-For": "8.8.8.8"})).works()


async def test_a_low_rate_admits_one_request_at_once(serve: Serve) -> None:
    served = serve(max_requests_per_s=0.05, trusted_proxies="127.0.0.1")
    assert [(await fetch(served, "8.8.8.8")).code for _ in range(2)] == [200, 503]


async def test_metrics_count_as_many_requests(serve: Serve) -> None:
    served = serve(max_requests_per_s=4.1, trusted_proxies="127.0.0.1")
    codes = [(await fetch(served, "8.8.8.8", "/metrics")).code for _ in range(3)]
    assert codes == [200, 200, 503]
    assert (await fetch(served, "8.8.8.8")).code == 200
    served = serve(max_requests_per_s=0.1, trusted_proxies="127.0.0.1")
    assert (await fetch(served, "8.8.4.4", "/metrics")).code == 200


async def test_no_limit_applies_to_this_machine(serve: Serve) -> None:
    served = serve(max_connections_per_address=1, max_requests_per_s=0.1)
    for _ in range(3):
        assert await answered(await connect(served, "127.0.0.1"))


# What takes long to read for its size


async def status(served: Served, target: str, headers: str = "") -> bytes:
    reader, writer = await connect(served, "127.0.0.1")
    writer.write(f"GET {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n".encode())
    line = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    return line.split()[1]


async def test_a_head_has_so_many_lines(serve: Serve) -> None:
    served = serve()
    most = MAX_HEADER_LINES - 3  # the first, Host, and the empty one
    assert await status(served, "/healthz", "a:\r\n" * most) == b"200"
    assert await status(served, "/healthz", "a:\r\n" * (most + 1)) == b"400"


async def test_a_query_has_so_many_fields(serve: Serve) -> None:
    served = serve()
    fields = [f"f{number}=1" for number in range(MAX_QUERY_FIELDS)]
    assert await status(served, f"/healthz?{'&'.join(fields)}") == b"200"
    assert await status(served, f"/healthz?{'&'.join(fields)}&more") == b"400"


async def test_the_path_of_a_file_is_short(serve: Serve) -> None:
    served, name = serve(), "favicon.svg"
    assert await status(served, f"/static/./{name}") == b"200"
    assert await status(served, f"/static/{'./' * (LONGEST_PATH // 2)}{name}") == b"404"


@pytest.mark.parametrize("path", ["/v1/infer", "/v1/login", "/healthz"])
async def test_a_body_may_have_so_many_small_chunks(serve: Serve, path: str) -> None:
    """120 KB of single bytes took 0.13 s of the event loop."""
    served = serve()
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    end = b"0\r\n\r\n"
    reader, writer = await connect(served, "127.1.0.1")
    for chunks in (b"1\r\nx\r\n" * (FREE_CHUNKS - 1), (b"40\r\n" + b"x" * 64 + b"\r\n") * 900):
        writer.write(head + chunks + end)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        [length] = [line for line in answer.split(b"\r\n") if line.startswith(b"Content-Length")]
        assert b"error" in await reader.readexactly(int(length.split()[1]))
    writer.write(head + b"1\r\nx\r\n" * (FREE_CHUNKS + 5) + end)
    assert await asyncio.wait_for(reader.read(), 20) == b"HTTP/1.1 400 Bad Request\r\n\r\n"
    writer.close()
