"""Model servers restarted one after the other, under load, as a rolling update does it."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest import accounts
from loadtest.cluster import Cluster, ModelServer, can_change_hosts
from loadtest.measure import Measure
from loadtest.paced import PacedCamera
from loadtest.reliability import honest
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

SERVERS = 3
LONGEST_BREAK_S = 1.0
NO_ERROR = ("result", "superseded", "expired", "overtaken")

Restart = Callable[[Cluster, ModelServer], None]


@dataclass(frozen=True)
class Size:
    """For how long all is calm before, and how many times all servers are restarted each way."""

    calm_s: float
    rounds: int


FULL = Size(10.0, 2)
QUICK = Size(1.0, 1)


def run(stack: Stack, size: Size) -> Result:
    """Restart three model servers in turn, behind a gateway with eight honest cameras."""
    if not can_change_hosts():
        return Result("rolling", [], ["not run: this machine has no unshare"])
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(stack.model_flags, SERVERS, Path(folder), Path(folder) / "hosts")
        with cluster:
            measures, notes = asyncio.run(_run(cluster, size))
            measures.append(balance(accounts.settled(cluster.get)))
    return Result("rolling", measures, notes)


async def _run(cluster: Cluster, size: Size) -> tuple[list[Measure], list[str]]:
    measures, notes = [], []
    async with honest.running(cluster.port, honest.frames()) as cameras:
        await honest.observe(cameras, size.calm_s)  # the first calls of each server are slow
        for how, restart in (("with notice", _with_notice), ("without notice", _without_notice)):
            moved = cluster.moved()
            measures += await _restart_all(cluster, cameras, size, how, restart)
            notes.append(f"frames sent to another server {how}: {cluster.moved() - moved}")
        open_sessions = accounts.metrics(cluster.get)["framewire_sessions"]
        measures.append(Measure("sessions that ended", len(cameras) - open_sessions, 0))
    return measures, notes


async def _restart_all(
    cluster: Cluster, cameras: Sequence[PacedCamera], size: Size, how: str, restart: Restart
) -> list[Measure]:
    started = time.perf_counter()
    for server in cluster.model_servers * size.rounds:
        await asyncio.to_thread(restart, cluster, server)
    until = time.perf_counter()
    await honest.settle(cameras, until)
    seen = honest.observed(cameras, started, until)
    errors = sum(frame.outcome not in NO_ERROR for frame in seen.seen)
    break_s = max(_longest_break_s(camera, started, until) for camera in cameras)
    frames = f"{how}: frames with an error, of {len(seen.seen):,}"
    return [
        Measure(frames, errors, 0),
        Measure(f"{how}: answered", seen.answered, 0.95, at_least=True),
        Measure(f"{how}: longest time without a result", break_s, LONGEST_BREAK_S, "s"),
    ]


def _with_notice(cluster: Cluster, server: ModelServer) -> None:
    """Take a server out of the name before it stops, and put it back when it listens again."""
    cluster.resolve_to([other for other in cluster.model_servers if other is not server])
    cluster.wait_for(lambda: not cluster.state_of(server))
    server.terminate()
    server.start()
    cluster.wait_for(lambda: server.listening)
    cluster.resolve_to(cluster.model_servers)
    cluster.wait_for(lambda: cluster.serves(server))


def _without_notice(cluster: Cluster, server: ModelServer) -> None:
    """Send a server SIGTERM while it works."""
    server.terminate()
    cluster.wait_for(lambda: not cluster.serves(server))
    server.start()
    cluster.wait_for(lambda: cluster.serves(server))


def _longest_break_s(camera: PacedCamera, since: float, until: float) -> float:
    """Return the longest time between two results in succession."""
    results = [frame.answered for frame in camera.seen if frame.outcome == "result"]
    times = sorted(at for at in results if since <= at < until)
    return max((after - before for before, after in itertools.pairwise(times)), default=0.0)
