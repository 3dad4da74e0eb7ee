"""Eight honest cameras beside one attacker of each kind."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from loadtest import accounts
from loadtest.camera import Frame
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.reliability import honest, upload
from loadtest.reliability.attacks import ATTACKS
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import ROOT, Stack

UPLOADS_PER_S = 2.0
UPLOAD_PATIENCE_S = 10.0
UPLOADER = 300


@dataclass(frozen=True)
class Size:
    """How long the cameras are observed beside each attacker, after ``lead_s``, and without it:
    half of ``calm_s`` before the attack, and half after it.

    ``kinds``: which attackers.
    """

    calm_s: float
    attacked_s: float
    lead_s: float
    kinds: tuple[str, ...] = tuple(ATTACKS)


FULL = Size(10.0, 10.0, 1.5)
QUICK = Size(0.6, 0.8, 0.1)


@dataclass(frozen=True)
class Attacked:
    """What cameras and uploads got without and beside one attacker, and what it cost."""

    calm: Observed
    beside: Observed
    calm_gauge: Gauge
    gauge: Gauge
    uploads: float
    log_kb_per_s: float


def run(stack: Stack, size: Size) -> Result:
    """Attack a fresh gateway with each kind in turn."""
    measures: list[Measure] = []
    notes: list[str] = []
    pictures = honest.frames()
    for name in size.kinds:
        stack.restart_gateway()
        attacked = asyncio.run(_attacked(stack, pictures, name, size))
        measures += _measures(f"{name}: ", attacked)
        measures.append(balance(accounts.settled(stack.get), f"{name}: "))
        notes.append(_note(name, attacked))
    return Result("attackers", measures, notes)


async def _attacked(stack: Stack, pictures: Sequence[Frame], name: str, size: Size) -> Attacked:
    async with (
        honest.running(stack.port, pictures) as cameras,
        _uploading(stack.port) as uploads,
    ):
        async with Gauge(stack.gateway) as calm_gauge:
            before = await honest.observe(cameras, size.calm_s / 2)
        logged = _logged(stack)
        async with Gauge(stack.gateway) as gauge, _attacking(stack.port, name):
            await asyncio.sleep(size.lead_s)
            first = len(uploads.statuses)
            beside = await honest.observe(cameras, size.attacked_s)
            answered = await uploads.since(first)
        log_kb_per_s = (_logged(stack) - logged) / 1000 / gauge.seconds[-1]
        await asyncio.sleep(size.lead_s)
        after = await honest.observe(cameras, size.calm_s / 2)
    share = answered.count(200) / len(answered) if answered else math.nan
    return Attacked(
        honest.together([before, after]), beside, calm_gauge, gauge, share, log_kb_per_s
    )


@contextlib.asynccontextmanager
async def _attacking(port: int, name: str) -> AsyncIterator[None]:
    """Let an attacker loose, in a process of its own."""
    attacker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.reliability.attacks", name, str(port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert attacker.stdout is not None
        await attacker.stdout.readline()
        yield
    finally:
        attacker.kill()
        await attacker.wait()


class _Uploads:
    """The statuses of the answers to uploads."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self._answered = asyncio.Event()

    def add(self, status: int) -> None:
        """Add one."""
        self.statuses.append(status)
        self._answered.set()

    async def since(self, first: int) -> list[int]:
        """Return those from number ``first`` on; wait for one if there is none yet."""
        with contextlib.suppress(asyncio.TimeoutError):
            while len(self.statuses) <= first:
                self._answered.clear()
                await asyncio.wait_for(self._answered.wait(), UPLOAD_PATIENCE_S)
        return self.statuses[first:]


@contextlib.asynccontextmanager
async def _uploading(port: int) -> AsyncIterator[_Uploads]:
    """Upload two pictures per second, and collect the statuses."""
    [picture] = camera_jpegs(1)
    uploads = _Uploads()

    async def keep_uploading() -> None:
        while True:
            uploads.add(await upload.status(port, picture, UPLOADER))
            await asyncio.sleep(1 / UPLOADS_PER_S)

    uploading = asyncio.ensure_future(keep_uploading())
    yield uploads
    uploading.cancel()
    await asyncio.gather(uploading, return_exceptions=True)


def _logged(stack: Stack) -> int:
    """Return the size of the gateway's log in bytes."""
    if stack.logs is None:
        raise ValueError("the stack keeps no logs")
    return (stack.logs / "gateway.log").stat().st_size


def _measures(prefix: str, seen: Attacked) -> list[Measure]:
    ratio = seen.beside.age_ms(0.99) / seen.calm.age_ms(0.99)
    more_cpu = max(seen.gauge.cpu - seen.calm_gauge.cpu, 0.0)
    measures = [
        Measure(f"{prefix}honest frames answered", seen.beside.answered, 0.95, at_least=True),
        Measure(f"{prefix}honest uploads answered", seen.uploads, 0.95, at_least=True),
        Measure(f"{prefix}p99 / without", ratio, 2.0),
        Measure(f"{prefix}memory, growth at most", seen.gauge.growth_mb, 50.0, "MB"),
        Measure(f"{prefix}log", seen.log_kb_per_s, 10.0, "KB/s"),
    ]
    if prefix.startswith("missing models"):
        measures.append(Measure(f"{prefix}more CPU time of the gateway", more_cpu, 0.1, "s/s"))
    return measures


def _note(name: str, seen: Attacked) -> str:
    return (
        f"{name}: p99 {seen.calm.age_ms(0.99):.1f} ms without, {seen.beside.age_ms(0.99):.1f} ms "
        f"beside it; {seen.gauge.processors()}"
    )
