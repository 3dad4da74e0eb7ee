"""One load on a gateway: from the first connection to the report."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from collections.abc import Sequence
from typing import Any

from loadtest.cameras import effort, fleet, objective, target
from loadtest.cameras.fleet import Finished
from loadtest.cameras.interrupt import Interrupted, noticed
from loadtest.cameras.objective import Objective
from loadtest.cameras.probe import probe
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import Recording
from loadtest.cameras.report import Pictures, Report
from loadtest.cameras.servers import Server, Watch
from loadtest.cameras.summary import summarize
from loadtest.cameras.target import Target
from loadtest.cameras.worker import Progress, Task


def reach(gateway: Target) -> tuple[Target, dict[str, Any]]:
    """Return the gateway with its address, and its model. Raises ``Unusable``."""
    return asyncio.run(_reach(gateway))


async def _reach(gateway: Target) -> tuple[Target, dict[str, Any]]:
    found = await target.look_up(gateway)
    return found, await probe(found)


def measure(
    task: Task,
    model: dict[str, Any],
    processes: int,
    objectives: Sequence[Objective] = (),
    max_lag_ms: float = effort.MAX_LAG_MS,
) -> tuple[Report, Recording]:
    """Run a load. Returns its report, and all of its frames.

    After Ctrl-C, the report is about the time until then. Raises ``WorkerDied``, and
    ``Interrupted`` if no frame counted by then.
    """
    started = time.strftime("%Y-%m-%d %H:%M:%S %z")
    finished, servers = _run(task, processes)
    recording = Recording()
    for share in finished.shares:
        recording.extend(share.recording)
    profile = until(task.profile, finished.stopped_s)
    summary = summarize(recording, profile.since_s, profile.until_s)
    efforts = [share.effort for share in finished.shares]
    report = Report(
        task.target.url,
        model,
        profile,
        started,
        finished.started_at + profile.since_s,
        summary,
        recording.failures,
        efforts,
        servers,
        objective.measures(objectives, summary),
        effort.bottleneck(efforts, max_lag_ms),
        None if finished.stopped_s is None else task.profile.seconds,
        recording.messages,
        recording.boxes,
        Pictures.of(task.pictures),
    )
    return report, recording


def until(profile: Profile, stopped_s: float | None) -> Profile:
    """Return what there was of a load that was stopped, in whole tenths of a second."""
    if stopped_s is None or stopped_s >= profile.until_s:
        return profile
    seconds = math.floor((stopped_s - profile.since_s) * 10) / 10
    if seconds <= 0:
        raise Interrupted("stopped before any frame counted")
    return dataclasses.replace(profile, seconds=seconds)


def _run(task: Task, processes: int) -> tuple[Finished, list[Server]]:
    """Run a load, show its progress, and watch the servers meanwhile."""
    from loadtest.cameras.progress import Display  # which needs rich

    watch = Watch(task.target.port if task.target.here else None)
    with Display(task.profile) as display, noticed() as stop:

        def on_progress(elapsed_s: float, progress: Progress) -> None:
            watch.sample()
            display(elapsed_s, progress, stop())

        return fleet.run(task, processes, on_progress, stop), watch.servers
