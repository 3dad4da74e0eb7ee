"""Clients that send, and stop reading what they get: over WebSocket, and over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import msgpack

from loadtest import accounts, websocket
from loadtest.camera import HELLO, Frame, address
from loadtest.measure import Measure
from loadtest.reliability import honest
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

# Within what one client may send: ten times a second two frames and a ping, with the longest text
# that is echoed, or a request for a file.
INTERVAL_S = 0.1
PING_TEXT = "x" * 256
RECEIVE_BUFFER = 4096
REQUEST = b"GET /static/framewire.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True)
class Size:
    """How long the clients do not read, and half of the calm before and after it."""

    stalled_s: float
    calm_s: float


FULL = Size(60.0, 30.0)
QUICK = Size(2.0, 0.8)


def run(stack: Stack, size: Size) -> Result:
    """Compare honest cameras beside two clients that read, and beside two that do not."""
    stack.restart_gateway()
    calm, beside, gauge, answered = asyncio.run(_run(stack, honest.frames(), size))
    usual_ms = max(seen.age_ms(0.99) for seen in calm)
    measures = [
        Measure("memory, growth at most", max(gauge.growth_mb, 0.0), 10.0, "MB"),
        Measure("p99 of the others / while all read", beside.age_ms(0.99) / usual_ms, 1.1),
        Measure("answered of the others", beside.answered, 0.95, at_least=True),
        balance(accounts.settled(stack.get)),
    ]
    before, after = (seen.age_ms(0.99) for seen in calm)
    note = (
        f"p99 before, beside and after: {before:.1f}, {beside.age_ms(0.99):.1f} and "
        f"{after:.1f} ms; {answered} of 2 connections were still open at the end; "
        f"{gauge.processors()}"
    )
    return Result("stalled_reader", measures, [note])


async def _run(
    stack: Stack, pictures: Sequence[Frame], size: Size
) -> tuple[list[Observed], Observed, Gauge, int]:
    async with honest.running(stack.port, pictures) as cameras:
        async with _clients(stack.port, pictures, reading=True):
            before = await honest.observe(cameras, size.calm_s)
        async with (
            Gauge(stack.gateway) as gauge,
            _clients(stack.port, pictures, reading=False) as clients,
        ):
            beside = await honest.observe(cameras, size.stalled_s)
            still_open = sum(not client.done() for client in clients)
        async with _clients(stack.port, pictures, reading=True):
            after = await honest.observe(cameras, size.calm_s)
    return [before, after], beside, gauge, still_open


@contextlib.asynccontextmanager
async def _clients(
    port: int, pictures: Sequence[Frame], reading: bool
) -> AsyncIterator[list[asyncio.Task[None]]]:
    clients = [
        asyncio.create_task(_send(port, number, chunks, reading))
        for number, chunks in ((240, _messages(pictures)), (241, itertools.repeat(REQUEST)))
    ]
    yield clients
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)


def _messages(pictures: Sequence[Frame]) -> Iterator[bytes]:
    """Yield the handshake, then two frames and a ping at a time."""
    yield websocket.handshake() + HELLO
    ping = msgpack.packb({"type": "ping", "t": PING_TEXT})
    for number in itertools.count(0, 2):
        parts = [pictures[at % len(pictures)].parts(at) for at in (number, number + 1)]
        yield b"".join(itertools.chain(*parts)) + websocket.header(len(ping)) + ping


async def _send(port: int, number: int, chunks: Iterator[bytes], reading: bool) -> None:
    """Send ten ``chunks`` per second until the gateway closes the connection."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        client.setblocking(False)
        client.bind(address(number))
        await loop.sock_connect(client, ("127.0.0.1", port))
        discarding = asyncio.create_task(_discard(client)) if reading else None
        try:
            for chunk in chunks:
                await loop.sock_sendall(client, chunk)
                await asyncio.sleep(INTERVAL_S)
        finally:
            if discarding is not None:
                discarding.cancel()


async def _discard(client: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(client, 1 << 16):
        pass
