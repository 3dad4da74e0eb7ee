"""One process of the load generator: runs its share of the cameras."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from framewire.recording import Recorder
from loadtest.cameras.effort import Effort, Probe
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import Recording
from loadtest.cameras.source import Picture
from loadtest.cameras.stream import SETTLE_S, Stream
from loadtest.cameras.tap import CameraTap, open_recorder
from loadtest.cameras.target import Target

REPORT_EVERY_S = 1.0


@dataclass(frozen=True)
class Progress:
    """How far a share of the cameras is: since the start, but ``ages_ms`` since the last report."""

    connected: int = 0
    captured: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    ages_ms: Sequence[float] = ()


@dataclass(frozen=True)
class Share:
    """What a process recorded, and what that took."""

    recording: Recording
    effort: Effort


@dataclass(frozen=True)
class Task:
    """What a process has to do: the cameras ``numbers`` of a load.

    ``record``: the folder to record their frames in; None: nowhere.
    """

    profile: Profile
    target: Target
    pictures: Sequence[Picture]
    numbers: Sequence[int]
    record: Path | None = None


async def run(
    task: Task,
    started_at: float,
    report: Callable[[Progress], None] = lambda progress: None,
    stopped: asyncio.Event | None = None,
) -> Share:
    """Run the cameras of a task, whose load starts at ``started_at`` on the event loop's clock.

    Once ``stopped`` is set, they capture no more frames, and the last outcomes are awaited.
    """
    loop = asyncio.get_running_loop()
    recording = Recording()
    frames = [task.target.message(picture) for picture in task.pictures]
    recorder = None if task.record is None else open_recorder(task.record)
    streams = [
        Stream(
            number,
            task.profile,
            task.target,
            frames,
            recording,
            started_at,
            _tap(task, recorder),
        )
        for number in task.numbers
    ]
    probe = Probe()
    loop.call_at(started_at + task.profile.since_s, probe.start)
    loop.call_at(started_at + task.profile.until_s, probe.stop)
    reporting = asyncio.ensure_future(_keep_reporting(streams, recording, report))
    running = [asyncio.ensure_future(stream.run()) for stream in streams]
    stopping = asyncio.ensure_future(_stop(stopped or asyncio.Event(), streams, probe, running))
    await asyncio.wait(running)
    reporting.cancel()
    stopping.cancel()
    for stream in running:
        if not stream.cancelled():
            stream.result()
    if recorder is not None:
        await asyncio.to_thread(recorder.close)
    return Share(recording, probe.effort())


async def _stop(
    stopped: asyncio.Event,
    streams: Sequence[Stream],
    probe: Probe,
    running: Sequence[asyncio.Future[None]],
) -> None:
    """End the load when ``stopped`` is set, also for cameras that wait for a connection."""
    await stopped.wait()
    probe.stop()
    for stream in streams:
        stream.stop()
    await asyncio.sleep(SETTLE_S + 1.0)
    for task in running:
        task.cancel()


def _tap(task: Task, recorder: Recorder | None) -> CameraTap | None:
    if recorder is None:
        return None
    clock = asyncio.get_running_loop().time
    return CameraTap(recorder, clock, task.target.options(), task.pictures)


async def _keep_reporting(
    streams: Sequence[Stream], recording: Recording, report: Callable[[Progress], None]
) -> None:
    while True:
        await asyncio.sleep(REPORT_EVERY_S)
        connected = sum(stream.connected for stream in streams)
        report(
            Progress(connected, len(recording), dict(recording.totals), recording.take_fresh_ms())
        )


async def _serve(pipe: Pipe, task: Task, started_at: float) -> Share:
    """Run a task until its end, or until the process that started this one stops it, or ends."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        loop.remove_reader(pipe.fileno())
        stopped.set()

    loop.add_reader(pipe.fileno(), stop)
    return await run(task, started_at, pipe.send, stopped)


def main(pipe: Pipe, task: Task) -> None:
    """Say when this process is ready, wait for the start, and send progress and the result."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket for each camera
    try:
        pipe.send(None)
        started_at = pipe.recv()
        pipe.send(asyncio.run(_serve(pipe, task, started_at)))
    except (EOFError, BrokenPipeError):  # that process is gone
        pass
