"""The processes of the load generator, and the start that they share."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait

from loadtest.cameras import worker
from loadtest.cameras.profile import Profile
from loadtest.cameras.worker import Progress, Share, Task

# A frame of 40 KB costs about 0.1 ms of CPU time, so a process stays far from a busy core.
FRAMES_PER_S = 1000.0
SESSIONS = 500
START_S = 0.2
POLL_S = 0.25


class WorkerDied(Exception):
    """A process of the load generator ended before it had a result."""


@dataclass(frozen=True)
class Finished:
    """A load that is over: when it started (``time.monotonic``), and what each process has.

    ``stopped_s``: after how many seconds it was stopped; None if it ran to its end.
    """

    started_at: float
    shares: Sequence[Share]
    stopped_s: float | None = None


def processes(profile: Profile) -> int:
    """Return how many processes the load needs, at most one per core."""
    frames_per_s = 0.0 if profile.closed else profile.sessions * profile.rate
    needed = max(frames_per_s / FRAMES_PER_S, profile.sessions / SESSIONS)
    return max(1, min(len(os.sched_getaffinity(0)), profile.sessions, math.ceil(needed)))


def run(
    task: Task,
    count: int,
    watch: Callable[[float, Progress], None],
    stop: Callable[[], bool] = lambda: False,
) -> Finished:
    """Spread the cameras of ``task`` over ``count`` processes, and wait for the end of the load.

    ``watch`` is called several times a second, with the seconds since the start and the progress
    of all. The load ends early when ``stop`` says so. Raises :class:`WorkerDied`.
    """
    tasks = [replace(task, numbers=task.numbers[first::count]) for first in range(count)]
    with _running(tasks) as pipes:
        try:
            for pipe in pipes:
                pipe.recv()  # it is ready
            started_at = time.monotonic() + START_S
            for pipe in pipes:
                pipe.send(started_at)
            return _collect(pipes, started_at, watch, stop)
        except (EOFError, ConnectionError):
            raise WorkerDied("a process of the load generator ended early") from None


@contextlib.contextmanager
def _running(tasks: Sequence[Task]) -> Iterator[list[Pipe]]:
    # Not by fork: this process may have threads.
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in tasks]
    started = [
        context.Process(target=worker.main, args=(theirs, task), daemon=True)
        for (_, theirs), task in zip(pairs, tasks, strict=True)
    ]
    for process, (_, theirs) in zip(started, pairs, strict=True):
        process.start()
        theirs.close()  # so that its end shows here
    try:
        yield [ours for ours, _ in pairs]
    finally:
        for process in started:
            process.terminate()
            process.join()


def _collect(
    pipes: Sequence[Pipe],
    started_at: float,
    watch: Callable[[float, Progress], None],
    stop: Callable[[], bool],
) -> Finished:
    shares: dict[Pipe, Share] = {}
    latest: dict[Pipe, Progress] = {}
    stopped_s: float | None = None
    while len(shares) < len(pipes):
        open_pipes = [pipe for pipe in pipes if pipe not in shares]
        if stopped_s is None and stop():
            stopped_s = time.monotonic() - started_at
            for running in open_pipes:
                running.send(None)
        for pipe in wait(open_pipes, POLL_S):
            assert isinstance(pipe, Pipe)
            message = pipe.recv()
            (shares if isinstance(message, Share) else latest)[pipe] = message
        watch(time.monotonic() - started_at, together(list(latest.values())))
    return Finished(started_at, [shares[pipe] for pipe in pipes], stopped_s)


def together(parts: Sequence[Progress]) -> Progress:
    """Return the progress of several processes as one."""
    totals: dict[str, int] = {}
    for part in parts:
        for outcome, count in part.totals.items():
            totals[outcome] = totals.get(outcome, 0) + count
    return Progress(
        sum(part.connected for part in parts),
        sum(part.captured for part in parts),
        totals,
        [ms for part in parts for ms in part.ages_ms],
    )
