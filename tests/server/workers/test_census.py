"""The figures of all workers, taken while one of them ends."""

from __future__ import annotations

import asyncio
import os
import signal

from server.settings import Settings
from server.workers.census import Census, Figures
from server.workers.memory import SharedMemory
from server.workers.metrics import WorkersMetrics
from server.workers.process import WorkerProcess

PATIENCE_S = 20.0


class Owner:
    """Notes the workers that have started."""

    def __init__(self) -> None:
        self.started: asyncio.Queue[int] = asyncio.Queue()

    def worker_changed(self, worker: WorkerProcess, event: str) -> None:
        if event == "started":
            self.started.put_nowait(worker.index)

    async def figures(self) -> None:
        """No worker is asked for metrics."""


async def test_a_worker_that_ends_while_others_are_asked_counts_once() -> None:
    memory, owner, census = SharedMemory.create(2), Owner(), Census()
    workers = [await WorkerProcess.spawn(index, owner, memory) for index in range(2)]
    for worker in workers:
        worker.begin(Settings(backend="127.0.0.1:1"))
        await asyncio.wait_for(owner.started.get(), PATIENCE_S)
    await census.take(workers)
    ending, slow = workers
    slow.signal(signal.SIGSTOP)
    taking = asyncio.ensure_future(census.take(workers))
    await asyncio.sleep(0)
    ending.signal(signal.SIGKILL)
    await ending.ended()
    census.bury(ending)
    slow.signal(signal.SIGCONT)
    figures = await taking
    slow.signal(signal.SIGKILL)
    await slow.ended()
    assert [worker.index for worker in figures.workers] == [slow.index]
    assert figures.restarts == 1


async def test_without_a_worker_there_still_are_metrics() -> None:
    async def none() -> Figures:
        return Figures(os.getpid(), [], None, 3)

    page = (await WorkersMetrics(none).page()).decode()
    assert "\nframewire_workers 0.0\n" in page
    assert "\nframewire_worker_restarts_total 3.0\n" in page
