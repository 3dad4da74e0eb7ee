"""Fuzzed messages in sessions that were welcomed, and fuzzed HTTP requests beside them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtest import accounts, websocket
from loadtest.camera import address
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.reliability import honest
from loadtest.reliability.fuzzed_messages import Encoding, Fuzzer, Message
from loadtest.reliability.fuzzed_requests import Requests
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

SESSIONS = 64
HTTP_CLIENTS = 4
HTTP_SHARE = 0.1
ANSWER_S = 15.0
RECONNECT_S = 0.05
# The gateway allows ten of each kind per second and session.
SYNC_EVERY = 16
LEVELS = re.compile(r"Traceback|^\S+ (ERROR|CRITICAL) ", re.MULTILINE)


@dataclass(frozen=True)
class Size:
    """How many messages are sent in all, and the seed."""

    messages: int
    seed: int = 1


FULL = Size(200_000)
QUICK = Size(800)


@dataclass
class Tally:
    """What was sent, and what came back."""

    left: int
    requests_left: int
    messages: int = 0
    requests: int = 0
    hangs: int = 0
    reconnects: int = 0
    received: Counter[str] = field(default_factory=Counter)
    statuses: Counter[bytes] = field(default_factory=Counter)


def run(stack: Stack, size: Size) -> Result:
    """Fuzz a fresh gateway, and see whether it still serves honest cameras afterwards."""
    stack.restart_gateway("--max-requests-per-s=0")  # each client stands for many
    written = {log: log.stat().st_size for log in _log_files(stack)}
    before = stack.gateway.descriptors()
    tally, gauge, after = asyncio.run(_run(stack, size))
    account = accounts.settled(stack.get)
    time.sleep(0.2)
    left_open = stack.gateway.descriptors() - before
    reports = sum(
        len(LEVELS.findall(log.read_bytes()[start:].decode(errors="replace")))
        for log, start in written.items()
    )
    crashed = sum(not process.running for process in (stack.gateway, stack.model_server))
    measures = [
        Measure("messages", tally.messages, size.messages, at_least=True),
        Measure("answered by the model", _answered(tally), 1 / 3, at_least=True),
        Measure("crashed processes", crashed, 0),
        Measure("tracebacks and errors in the logs", reports, 0),
        Measure("errors that blame the gateway", _internal(tally), 0),
        Measure("frames and requests without an answer", tally.hangs, 0),
        Measure("memory, steady growth", gauge.steady_growth_mb(), 15.0, "MB"),
        Measure("descriptors left open", left_open, 4),
        Measure("honest frames answered afterwards", after.answered, 0.95, at_least=True),
        balance(account),
    ]
    statuses = {code.decode("latin-1"): n for code, n in tally.statuses.most_common(6)}
    note = (
        f"seed {size.seed}; {tally.reconnects} sessions ended; received "
        f"{dict(tally.received.most_common(12))}; {tally.requests} HTTP requests, statuses "
        f"{statuses}; {gauge.processors()}"
    )
    return Result("fuzz", measures, [note])


def _log_files(stack: Stack) -> list[Path]:
    if stack.logs is None:
        raise ValueError("the stack keeps no logs")
    return [stack.logs / "gateway.log", stack.logs / "modelserver.log"]


def _answered(tally: Tally) -> float:
    return tally.received["result"] / max(1, tally.messages)


def _internal(tally: Tally) -> int:
    return tally.received["error internal"] + tally.statuses[b"500"]


async def _run(stack: Stack, size: Size) -> tuple[Tally, Gauge, Observed]:
    tally = Tally(size.messages, int(size.messages * HTTP_SHARE))
    dice = random.Random(size.seed)
    [picture] = camera_jpegs(1)
    async with Gauge(stack.gateway) as gauge:
        await asyncio.gather(
            *(_fuzz(stack.port, number, dice.random(), tally) for number in range(SESSIONS)),
            *(
                _request(stack.port, number, Requests(random.Random(dice.random()), picture), tally)
                for number in range(HTTP_CLIENTS)
            ),
        )
    async with honest.running(stack.port, honest.frames()) as cameras:
        after = await honest.observe(cameras, 1.5)
    return tally, gauge, after


async def _fuzz(port: int, number: int, seed: float, tally: Tally) -> None:
    """Send fuzzed messages, in one session after the other, until there are enough."""
    dice = random.Random(seed)
    encoding = Encoding("json" if number % 2 else "msgpack")
    while tally.left > 0:
        client = await _welcomed(port, number, encoding, tally)
        fuzzer = Fuzzer(dice, encoding)
        with contextlib.closing(client):
            for message in _messages(fuzzer, tally):
                if not await client.exchange(message):
                    break
        tally.reconnects += 1
        await asyncio.sleep(RECONNECT_S)


def _messages(fuzzer: Fuzzer, tally: Tally) -> Iterator[Message]:
    while tally.left > 0:
        tally.left -= 1
        tally.messages += 1
        yield fuzzer.next()


async def _welcomed(port: int, number: int, encoding: Encoding, tally: Tally) -> _Client:
    make = asyncio.get_running_loop().create_connection(
        lambda: _Client(encoding, tally), "127.0.0.1", port, local_addr=address(number)
    )
    _, client = await make
    await asyncio.wait_for(client.welcomed, ANSWER_S)
    return client


class _Client(asyncio.Protocol):
    """One fuzzed session."""

    def __init__(self, encoding: Encoding, tally: Tally) -> None:
        loop = asyncio.get_running_loop()
        self.welcomed: asyncio.Future[None] = loop.create_future()
        self._ended = loop.create_future()
        self._awaited: int | None = None
        self._answered = asyncio.Event()
        self._encoding = encoding
        self._tally = tally
        self._buffer = b""
        self._unsynced = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(websocket.handshake(self._encoding.name))
        self._send({"type": "hello", "client": "fuzz"})

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.startswith(b"HTTP/1.1 "):
            _, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
        messages, self._buffer = websocket.messages(self._buffer)
        for opcode, payload in messages:
            if opcode in (websocket.TEXT, websocket.BINARY):
                self._received(self._encoding.fields(payload))
            elif opcode == websocket.PING:
                self._transport.write(websocket.pong(payload))

    def connection_lost(self, error: Exception | None) -> None:
        self._end()
        if not self.welcomed.done():
            self.welcomed.set_exception(ConnectionError("closed before welcome"))

    async def exchange(self, message: Message) -> bool:
        """Send ``message``, and wait for what must be answered. Returns whether to go on."""
        self._answered.clear()
        self._awaited = message.frame_id
        self._transport.write(message.data)
        self._unsynced += 1
        if message.frame_id is None and self._unsynced < SYNC_EVERY:
            await asyncio.sleep(0)
            return not self._ended.done()
        if message.frame_id is None:
            self._send({"type": "ping", "t": "sync"})
        self._unsynced = 0
        answered = asyncio.ensure_future(self._answered.wait())
        done, _ = await asyncio.wait(
            [answered, self._ended], timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED
        )
        answered.cancel()
        self._tally.hangs += not done
        return bool(done) and not self._ended.done()

    def close(self) -> None:
        """Disconnect."""
        self._transport.abort()

    def _send(self, fields: dict[str, Any]) -> None:
        self._transport.write(self._encoding.framed(self._encoding.payload(fields)))

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _received(self, message: dict[str, Any]) -> None:
        kind, code = message["type"], message.get("code")
        self._tally.received[f"{kind} {code or message.get('reason', '')}".strip()] += 1
        if kind == "welcome" and not self.welcomed.done():
            self.welcomed.set_result(None)
        elif code == "bad_id":  # a damaged frame had a higher id, which no later frame can exceed
            self._end()
        elif code in ("unknown_model", "unusable_model"):
            self._send({"type": "configure", "model": "digits"})
        if self._awaited is None:
            if message.get("t") == "sync":
                self._answered.set()
        elif message.get("id") == self._awaited:
            self._answered.set()


async def _request(port: int, number: int, requests: Requests, tally: Tally) -> None:
    """Send fuzzed requests, each on its own connection, until there are enough."""
    while tally.requests_left > 0:
        tally.requests_left -= 1
        tally.requests += 1
        try:
            answer = await asyncio.wait_for(_answer(port, number, requests.next()), ANSWER_S)
        except asyncio.TimeoutError:
            tally.hangs += 1
        else:
            tally.statuses[answer.split(b" ", 2)[1] if answer else b"none"] += 1


async def _answer(port: int, number: int, request: bytes) -> bytes:
    """Return what the gateway answers to ``request``, until it closes the connection."""
    where = address(SESSIONS + number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=where)
    try:
        writer.write(request)
        writer.write_eof()
        return await reader.read()
    except OSError:
        return b""
    finally:
        writer.transport.abort()
