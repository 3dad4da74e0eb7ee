"""The figures of all workers: of those that run, and of those that have ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from server.runtime.statistics import Statistics
from server.runtime.totals import after_end, total
from server.workers.process import ANSWER_S, WorkerProcess


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """One running worker."""

    index: int
    pid: int
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Figures:
    """What the supervisor knows: ``ended`` has what counts of workers that have been replaced."""

    supervisor_pid: int
    workers: Sequence[WorkerFigures]
    ended: Statistics | None
    restarts: int

    def total(self) -> Statistics:
        """Return the statistics of the whole gateway."""
        return total([worker.statistics for worker in self.workers], self.ended)


class Census:
    """Collects figures from workers, and keeps those of workers that have ended.

    Otherwise a counter would fall when a worker ends, and Prometheus would take that for a
    restart of all of them. What a killed worker has counted since it was last asked is lost; it is
    asked every few seconds.
    """

    def __init__(self) -> None:
        self._ended: Statistics | None = None
        self._restarts = 0

    async def take(self, workers: Sequence[WorkerProcess]) -> Figures:
        """Ask all workers at once. Those that take too long count with their last figures."""
        await asyncio.gather(*(worker.update_statistics(ANSWER_S) for worker in workers))
        figures = [
            WorkerFigures(worker.index, worker.pid, worker.statistics)
            for worker in workers
            if worker.statistics is not None
        ]
        return Figures(os.getpid(), figures, self._ended, self._restarts)

    def bury(self, worker: WorkerProcess) -> None:
        """Keep the counters of a worker that has ended and is to be replaced."""
        self._restarts += 1
        if worker.statistics is None:
            return
        last, worker.statistics = after_end(worker.statistics), None  # `take` may be asking others
        self._ended = last if self._ended is None else total([self._ended, last])
