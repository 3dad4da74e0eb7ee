"""``python -m loadtest.reliability.attacks``: one attacker of each kind, in a process of its own.

All of its connections come from one address. The process has the lowest priority: attackers
in the field do not compute on the gateway's processors.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

import msgpack

from loadtest import websocket
from loadtest.camera import HELLO, address
from loadtest.reliability import dear_pictures, upload

Attack = Callable[[int], Awaitable[object]]
Chunks = Iterable[tuple[float, bytes]]
"""What one connection sends: seconds to wait, and the bytes that follow."""

ADDRESS = address(5_000)
RECONNECT_S = 0.1
CONNECT_S = 5.0
DEAR_PER_S = 10.0
CRAWLING = 32
FLOODING = 8
FLOOD_INTERVAL_S = 0.05
FLOOD_MESSAGES = 2_500
MISSING = 800
IDLE = 2_000
HANDSHAKES_AT_ONCE = 8


def message(fields: Mapping[str, Any], opcode: int = websocket.BINARY) -> bytes:
    """Return a message as it goes into the socket."""
    payload: bytes = msgpack.packb(fields)
    return websocket.header(len(payload), opcode) + payload


def dear(picture: bytes, form: str) -> Attack:
    """Send one picture ten times a second, in one session."""

    def chunks() -> Iterator[tuple[float, bytes]]:
        yield 0.0, websocket.handshake() + HELLO
        for number in itertools.count():
            fields = {"type": "frame", "id": number, "format": form, "data": picture}
            yield 1 / DEAR_PER_S, message(fields)

    return lambda port: _persist(port, chunks)


def crawling(port: int) -> Awaitable[object]:
    """Keep uploads open, and send one byte of each per second."""

    def chunks() -> Iterator[tuple[float, bytes]]:
        yield 0.0, upload.head(100_000) + b"\xff\xd8"
        yield from itertools.repeat((1.0, b"\xff"))

    return _several(CRAWLING, port, chunks)


def flood(*messages: bytes) -> Attack:
    """Send ``messages`` 400,000 times a second, from eight sessions."""
    blob = b"".join(itertools.islice(itertools.cycle(messages), FLOOD_MESSAGES))

    def chunks() -> Iterator[tuple[float, bytes]]:
        yield 0.0, websocket.handshake() + HELLO
        yield from itertools.repeat((FLOOD_INTERVAL_S, blob))

    return lambda port: _several(FLOODING, port, chunks)


def toggling(port: int) -> Awaitable[object]:
    """Name a model that exists, and one that does not, eight times a second."""
    names = itertools.cycle(("missing", "digits"))

    def chunks() -> Iterator[tuple[float, bytes]]:
        yield 0.0, websocket.handshake() + HELLO
        for name in names:
            yield 0.125, message({"type": "configure", "model": name})

    return _several(FLOODING, port, chunks)


def rejected_handshakes(port: int) -> Awaitable[object]:
    """Ask for sessions from a foreign page, as often as eight sockets can."""
    origin = b"Origin: https://foreign.example\r\n"
    head, end = websocket.handshake()[:-2], b"\r\n"

    def chunks() -> Iterator[tuple[float, bytes]]:
        yield from itertools.repeat((0.005, head + origin + end))

    return _several(HANDSHAKES_AT_ONCE, port, chunks, 0.005)


def idle_connections(port: int) -> Awaitable[object]:
    """Keep 2,000 connections open that never send a complete request."""

    def chunks() -> Iterator[tuple[float, bytes]]:
        yield from itertools.repeat((5.0, b"G"))

    return _several(IDLE, port, chunks, 1.0)


def plain_requests(port: int) -> Awaitable[object]:
    """Ask for health, models and the page as often as eight connections can."""
    paths = itertools.cycle(("healthz", "v1/models", "static/framewire.js", "metrics"))

    def chunks() -> Iterator[tuple[float, bytes]]:
        for path in paths:
            yield 0.001, f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()

    return _several(FLOODING, port, chunks, 0.005)


def missing_models(port: int) -> Awaitable[object]:
    """Keep 800 sessions open, each of which names another missing model."""
    number = itertools.count()

    def chunks() -> Iterator[tuple[float, bytes]]:
        hello = message({"type": "hello", "model": f"missing-{next(number)}"})
        yield 0.0, websocket.handshake() + hello
        yield from itertools.repeat((5.0, message({"type": "ping"})))

    return _several(MISSING, port, chunks, 5.0)


PING = message({"type": "ping", "t": 1})
WEBSOCKET_PING = websocket.header(0, websocket.PING)
CONFIGURE = [message({"type": "configure", "min_score": score}) for score in (0.25, 0.5)]


ATTACKS: dict[str, Callable[[], Attack]] = {
    "png of 16 megapixels": lambda: dear(dear_pictures.flat_png(), "png"),
    "png that inflates to 200 MB": lambda: dear(dear_pictures.inflating_png(), "png"),
    "jpeg of 50 scans": lambda: dear(dear_pictures.many_scans(), "jpeg"),
    "jpeg of 20 scans": lambda: dear(dear_pictures.many_scans(repeated=10), "jpeg"),
    "jpeg of 15 megapixels": lambda: dear(dear_pictures.large_jpeg(), "jpeg"),
    "webp of 16 megapixels": lambda: dear(dear_pictures.flat_webp(), "webp"),
    "crawling uploads": lambda: crawling,
    "flood of ping": lambda: flood(PING),
    "flood of WebSocket pings": lambda: flood(WEBSOCKET_PING),
    "flood of configure": lambda: flood(*CONFIGURE),
    "toggled models": lambda: toggling,
    "rejected handshakes": lambda: rejected_handshakes,
    "idle connections": lambda: idle_connections,
    "plain requests": lambda: plain_requests,
    "missing models": lambda: missing_models,
}
"""Each kind by name: a function that prepares it, which may take a second."""


async def _several(
    count: int, port: int, chunks: Callable[[], Chunks], reconnect_s: float = RECONNECT_S
) -> object:
    return await asyncio.gather(*(_persist(port, chunks, reconnect_s) for _ in range(count)))


async def _persist(
    port: int, chunks: Callable[[], Chunks], reconnect_s: float = RECONNECT_S
) -> None:
    """Send ``chunks``, and start again on a new connection whenever the gateway closes it."""
    while True:
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await _connection(port, chunks())
        await asyncio.sleep(reconnect_s)


async def _connection(port: int, chunks: Chunks) -> None:
    opening = asyncio.open_connection("127.0.0.1", port, local_addr=ADDRESS)
    reader, writer = await asyncio.wait_for(opening, CONNECT_S)
    discarding = asyncio.ensure_future(_discard(reader))
    try:
        for wait_s, chunk in chunks:
            done, _ = await asyncio.wait([discarding], timeout=wait_s)
            if done:
                return
            writer.write(chunk)
            await writer.drain()
    finally:
        discarding.cancel()
        writer.transport.abort()


async def _discard(reader: asyncio.StreamReader) -> None:
    """Read until the gateway closes the connection."""
    with contextlib.suppress(OSError):
        while await reader.read(1 << 16):
            pass


def main() -> None:
    """Attack until the process is stopped; say so on a line of its own when it begins."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.reliability.attacks")
    parser.add_argument("kind", choices=ATTACKS)
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    os.nice(19)
    attack = ATTACKS[options.kind]()
    print("attacking", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_forever(attack(options.port)))


async def _forever(attack: Awaitable[object]) -> None:
    await attack


if __name__ == "__main__":
    main()
