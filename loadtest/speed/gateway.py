"""CPU time of the gateway for a frame of 640x480, before a model server that answers at once."""

from __future__ import annotations

import asyncio
import math
import ssl
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from framewire.phone import certificates
from loadtest import closedloop, openloop, paced
from loadtest.camera import Frame
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.speed.line import Length, Line
from loadtest.stack import InstantStack, SecondGateway, Stack

SESSIONS = 64
OVERLOAD = 2
# So that the gateway, and not this process, has time to spare at twice the load: with batches
# of 16, fewer than 2000 frames/s are answered.
CALL_MS = 8.0


def measure(models: Path, length: Length, logs: Path) -> Iterator[Line]:
    """Yield a frame's cost over ``ws``, over ``wss`` relative to that, and under overload."""
    frames = [Frame(picture) for picture in camera_jpegs(24)]
    with InstantStack("pictures", logs=logs) as plain, tempfile.TemporaryDirectory() as folder:
        files = certificates.prepare(Path(folder), ["127.0.0.1"], "loadtest")
        tls = _any_certificate()
        flags = (f"--tls-certificate={files.chain}", f"--tls-key={files.key}")
        with SecondGateway(plain, *flags, tls=tls) as secure:
            yield from _closed(plain, secure, tls, frames, length)
    with InstantStack("pictures", "--max-calls=1", call_ms=CALL_MS, logs=logs) as stack:
        yield _overloaded(stack, frames, length)


def _any_certificate() -> ssl.SSLContext:
    """Return a client's context that asks no authority: the certificate was made for this run."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _closed(
    plain: Stack, secure: Stack, tls: ssl.SSLContext, frames: Sequence[Frame], length: Length
) -> Iterator[Line]:
    """Yield the cost over ``ws``, and over ``wss`` relative to it, in turns."""
    ws, wss, ratios = [], [], []
    for _ in range(length.rounds):
        ws.append(_frame_us(plain, frames, length.seconds))
        wss.append(_frame_us(secure, frames, length.seconds, tls))
        ratios.append(wss[-1] / ws[-1])
    spread = f"{min(ws):.0f} to {max(ws):.0f} us in {length.rounds} rounds"
    mean_kb = statistics.mean(frame.size for frame in frames) / 1000
    name = f"gateway's CPU time for a frame of {mean_kb:.0f} KB, {SESSIONS} closed-loop sessions"
    yield Line(Measure(name, statistics.median(ws), 60.0, "us"), spread)
    ratio = Measure("the same over wss / over ws", statistics.median(ratios), 2.2)
    yield Line(ratio, f"{statistics.median(wss):.0f} us")


def _frame_us(
    stack: Stack, frames: Sequence[Frame], seconds: float, tls: ssl.SSLContext | None = None
) -> float:
    before = stack.gateway.cpu_ns()
    load = closedloop.run(stack.port, frames, SESSIONS, seconds, warm_up_s=0.5, tls=tls)
    return (stack.gateway.cpu_ns() - before) / 1000 / load.sent


def _overloaded(stack: Stack, frames: Sequence[Frame], length: Length) -> Line:
    """Offer twice the frames that are answered, with the window ignored."""
    peak = closedloop.run(stack.port, frames, SESSIONS, length.seconds).frames_per_s
    rate = OVERLOAD * peak / SESSIONS
    costs, answered = [], []
    for _ in range(length.rounds):
        used_ns, load = asyncio.run(_open(stack, frames, rate, length.seconds))
        costs.append(used_ns / 1000 / len(load.frames) if load.frames else math.nan)
        answered.append(load.per_s)
    measured = Measure(
        f"the same at {OVERLOAD}x overload in an open loop, for each frame sent",
        statistics.median(costs),
        45.0,
        "us",
    )
    return Line(
        measured,
        f"{min(costs):.0f} to {max(costs):.0f} us in {length.rounds} rounds; offered "
        f"{OVERLOAD * peak:.0f} frames/s, answered {statistics.median(answered):.0f}",
    )


async def _open(
    stack: Stack, frames: Sequence[Frame], rate: float, seconds: float
) -> tuple[int, openloop.Load]:
    """Return the gateway's CPU time in nanoseconds while frames were counted, and the load."""
    cameras = await paced.connect(stack.port, frames, SESSIONS, rate, window=math.inf)
    await asyncio.sleep(1.0)
    before = stack.gateway.cpu_ns()
    load = await openloop.run(cameras, seconds, warm_up_s=0.0)
    return stack.gateway.cpu_ns() - before, load
