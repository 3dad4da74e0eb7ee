"""All at once: cameras leave, frames are corrupt, and model servers are killed."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from loadtest import accounts, closedloop
from loadtest.camera import Frame
from loadtest.closedloop import Load
from loadtest.cluster import Cluster
from loadtest.measure import Measure
from loadtest.pictures import camera_jpegs
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

SERVERS, SESSIONS = 3, 64
LEAVING = 0.2
PICTURES = 20
"""How many different frames there are, of which one is corrupt."""


@dataclass(frozen=True)
class Size:
    """For how long it goes on, and how often a model server is killed."""

    seconds: float
    every_s: float


FULL = Size(600.0, 60.0)
QUICK = Size(6.0, 3.0)


def run(stack: Stack, size: Size) -> Result:
    """Put 64 cameras on a gateway with three model servers, and compare everybody's accounts."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(stack.model_flags, SERVERS, Path(folder))
        with cluster:
            load, kills = asyncio.run(_run(cluster, size))
            account = accounts.settled(cluster.get)
            moved, in_use = cluster.moved(), all(map(cluster.serves, cluster.model_servers))
    told = load.outcomes.total()
    untold = load.sent - told - load.left
    lost = account.total - told - load.left
    measures = [
        balance(account),
        Measure(f"frames of cameras that stayed without outcome, of {load.sent:,}", untold, 0),
        Measure("outcomes that no camera got, but those of cameras that left", max(0, lost), 0),
        Measure("model servers not in use at the end", 0 if in_use else 1, 0),
    ]
    shares = ", ".join(f"{kind} {count:,}" for kind, count in sorted(load.outcomes.items()))
    notes = [
        f"outcomes: {shares}; {load.left} frames were under way when their camera left",
        f"{kills} model servers were killed; {moved} frames were sent to another one",
    ]
    return Result("chaos", measures, notes)


async def _run(cluster: Cluster, size: Size) -> tuple[Load, int]:
    cameras = asyncio.ensure_future(
        asyncio.to_thread(
            closedloop.run, cluster.port, _frames(), SESSIONS, size.seconds, leaving=LEAVING
        )
    )
    for kills in itertools.count():
        await asyncio.wait({cameras}, timeout=size.every_s)
        if cameras.done():
            return cameras.result(), kills
        server = cluster.model_servers[kills % SERVERS]
        await asyncio.to_thread(server.kill)
        server.start()
    raise AssertionError("counted to the end")


def _frames() -> list[Frame]:
    """Return pictures as a camera sends them, the last of which is cut off."""
    pictures = camera_jpegs(PICTURES)
    pictures[-1] = pictures[-1][: len(pictures[-1]) // 8]
    return [Frame(picture) for picture in pictures]
