"""Model servers that fail: one killed, one frozen, all gone, and addresses that change."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loadtest import accounts
from loadtest.cluster import Cluster, ModelServer, can_change_hosts
from loadtest.measure import Measure, percentile
from loadtest.paced import PacedCamera
from loadtest.reliability import honest
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

SERVERS = 3
BACK_S = 5.0
STALENESS_MS, MARGIN_MS = 500.0, 100.0
UNDISTURBED_MS = 15.0
"""An age that is good on any machine: p99 may be twice the usual, or twice this."""

NO_ERROR = ("result", "superseded", "expired", "overtaken")

Cameras = Sequence[PacedCamera]


@dataclass(frozen=True)
class Size:
    """How long all is calm, one server is frozen, and all are gone (0: that is left out); how
    often addresses change, and after how long the load is compared, for how long.
    """

    calm_s: float
    frozen_s: float
    gone_s: float
    changes: int
    settled_s: float
    even_s: float


FULL = Size(10.0, 20.0, 20.0, 20, 5.0, 10.0)
QUICK = Size(1.0, 2.0, 0.0, 1, 0.5, 2.0)


def run(stack: Stack, size: Size) -> Result:
    """Let model servers fail one after the other, behind a gateway with eight honest cameras."""
    with tempfile.TemporaryDirectory() as folder:
        hosts = Path(folder) / "hosts" if can_change_hosts() else None
        cluster = Cluster(stack.model_flags, SERVERS, Path(folder), hosts)
        with cluster:
            measures, notes = asyncio.run(_run(cluster, size))
            measures.append(balance(accounts.settled(cluster.get)))
            notes.append(f"{cluster.moved()} frames were sent to another model server")
    return Result("backends", measures, notes)


async def _run(cluster: Cluster, size: Size) -> tuple[list[Measure], list[str]]:
    async with honest.running(cluster.port, honest.frames()) as cameras:
        await honest.observe(cameras, size.calm_s)  # the first calls of each server are slow
        calm = await honest.observe(cameras, size.calm_s)
        measures = [
            *await _killed(cluster, cameras),
            *await _frozen(cluster, cameras, size, calm),
        ]
        if size.gone_s:
            measures += await _gone(cluster, cameras, size)
        notes = [f"undisturbed: p50 {calm.age_ms(0.5):.1f} ms, p99 {calm.age_ms(0.99):.1f} ms"]
        if cluster.hosts is None:
            notes.append("no addresses were changed: this machine has no unshare")
        else:
            measures += await _renamed(cluster, cameras, size)
        open_sessions = accounts.metrics(cluster.get)["framewire_sessions"]
        measures.append(Measure("sessions that ended", len(cameras) - open_sessions, 0))
    return measures, notes


async def _killed(cluster: Cluster, cameras: Cameras) -> list[Measure]:
    """Kill one of three, and bring it back."""
    server = cluster.model_servers[1]
    observing = asyncio.ensure_future(honest.observe(cameras, 1.0))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(server.kill)
    failed = _errors(await observing)
    back_s = await asyncio.to_thread(_bring_back, cluster, server)
    return [
        Measure("one killed: frames with an error", failed, len(cameras)),
        Measure("one killed: in use after its return", back_s, BACK_S, "s"),
    ]


async def _frozen(cluster: Cluster, cameras: Cameras, size: Size, calm: Observed) -> list[Measure]:
    """Freeze one of three, and let it go on."""
    server = cluster.model_servers[0]
    moved = cluster.moved()
    observing = asyncio.ensure_future(honest.observe(cameras, 1.0))
    server.freeze()
    aside_s = await asyncio.to_thread(cluster.wait_for, lambda: not cluster.serves(server))
    first = await observing
    rest = await honest.observe(cameras, size.frozen_s - 1.0)
    moved = cluster.moved() - moved
    server.thaw()
    back_s = await asyncio.to_thread(cluster.wait_for, lambda: cluster.serves(server))
    usual_ms = max(calm.age_ms(0.99), UNDISTURBED_MS)
    # The frames that were at the frozen server are the oldest: the others are all but these.
    others = sorted(frame.ms for frame in first.results)[: -moved or None]
    return [
        Measure("one frozen: set aside after", aside_s, 1.0, "s"),
        Measure("one frozen: frames with an error", _errors(first) + _errors(rest), 0),
        Measure("one frozen: p99 of others / usual", percentile(others, 0.99) / usual_ms, 2.0),
        Measure("one frozen: p99 afterwards / usual", rest.age_ms(0.99) / usual_ms, 2.0),
        Measure("one frozen: in use after it goes on", back_s, BACK_S, "s"),
    ]


async def _gone(cluster: Cluster, cameras: Cameras, size: Size) -> list[Measure]:
    """Kill all, and bring them back."""
    observing = asyncio.ensure_future(honest.observe(cameras, size.gone_s))
    for server in cluster.model_servers:
        await asyncio.to_thread(server.kill)
    seen = await observing
    back_s = await asyncio.to_thread(_bring_back, cluster, *cluster.model_servers)
    everyone = cluster.model_servers
    await asyncio.to_thread(cluster.wait_for, lambda: all(map(cluster.serves, everyone)))
    await honest.observe(cameras, 1.0)  # the first calls of each server are slow
    after = await honest.observe(cameras, 2.0)
    oldest_ms = max(frame.ms for frame in seen.seen)
    return [
        Measure("all gone: oldest outcome", oldest_ms, STALENESS_MS + MARGIN_MS, "ms"),
        Measure("all gone: in use after the first returns", back_s, BACK_S, "s"),
        Measure("all gone: answered once all are back", after.answered, 0.95, at_least=True),
    ]


async def _renamed(cluster: Cluster, cameras: Cameras, size: Size) -> list[Measure]:
    """Remove an address behind the name and add it again, a number of times."""
    everyone = cluster.model_servers
    await asyncio.to_thread(cluster.wait_for, lambda: all(map(cluster.serves, everyone)))
    started = time.perf_counter()
    for number in range(size.changes):
        server = everyone[number % SERVERS]
        cluster.resolve_to([other for other in everyone if other is not server])
        await asyncio.to_thread(cluster.wait_for, partial(_unknown, cluster, server))
        cluster.resolve_to(everyone)
        await asyncio.to_thread(cluster.wait_for, partial(cluster.serves, server))
    changed = honest.observed(cameras, started, time.perf_counter())
    await asyncio.sleep(size.settled_s)
    before = cluster.frames()
    await honest.observe(cameras, size.even_s)
    answered = [frames - before[address] for address, frames in cluster.frames().items()]
    even = sum(answered) / SERVERS
    uneven = max(abs(frames - even) for frames in answered) / even
    times = f"addresses changed {2 * size.changes} times"
    return [
        Measure(f"{times}: frames with an error", _errors(changed), 0),
        Measure(f"{times}: load differs from even by", uneven, 0.1),
    ]


def _unknown(cluster: Cluster, server: ModelServer) -> bool:
    """Return whether the gateway does not know a model server any more."""
    return not cluster.state_of(server)


def _bring_back(cluster: Cluster, *servers: ModelServer) -> float:
    """Restart ``servers``. Return the seconds from the first that listens to one in use."""
    for server in servers:
        server.start()
    cluster.wait_for(lambda: any(server.listening for server in servers))
    return cluster.wait_for(lambda: any(map(cluster.serves, servers)))


def _errors(seen: Observed) -> int:
    """Return how many frames got an error."""
    return sum(frame.outcome not in NO_ERROR for frame in seen.seen)
