"""The supervisor: owns the port, starts workers, replaces those that end, and stops them all.

All workers are started at once, because most of a start is importing; but the first alone gets
the settings at first. If it cannot start with them, none can, and its line on standard error is
the only one. Connections are accepted once every worker has started, or has failed to.

Workers notice if the supervisor is killed, because their links to it end, and stop.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from server import startup
from server.settings import Settings
from server.signals import Signals
from server.transport.listening import endpoint
from server.workers.acceptor import Acceptor
from server.workers.administration import WorkersGateway
from server.workers.census import Census, Figures
from server.workers.memory import SharedMemory
from server.workers.process import WorkerProcess
from server.workers.restarts import Restarts

if TYPE_CHECKING:  # loaded only if a setting asks for it: the supervisor stays small
    from server.admin.listener import AdminListener

log = logging.getLogger("server")

# How much longer than drain_s a worker may take to stop before it is killed.
STOP_S = 10.0
# How often a worker is asked whether it works, and how long it may take to answer.
CHECK_S = 10.0
HANGS_S = 30.0


async def supervise(settings: Settings, workers: int) -> int:
    """Serve with ``workers`` processes until SIGINT or SIGTERM, then drain them.

    Return the exit status. Raises WrongSetting if the address is not available.
    """
    return await Supervisor(settings, workers).run()


class Supervisor:
    """The workers of one gateway, numbered from 0, and their port."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        # Calls to a model server, and its time for a shadow, are those of all workers.
        calls = max(1, settings.max_calls // workers)
        self.settings = replace(settings, max_calls=calls, workers=workers)
        self._memory = SharedMemory.create(workers)
        self._workers: dict[int, WorkerProcess] = {}
        self._unsettled = set(range(workers))  # have neither started nor failed to
        self._unready = set(range(workers))
        self._adjusting: set[asyncio.Task[None]] = set()  # the loop itself refers to them weakly
        self._proven = asyncio.Event()  # a worker has started with these settings
        self._status = 0
        self._census = Census()
        self._signals = Signals()
        self._signals.reload = self._reload
        self._outdated: set[int] = set()  # get SIGHUP once they have started
        self._stopping = asyncio.ensure_future(self._signals.stop.wait())
        sockets = startup.listen(settings)
        self._port = int(sockets[0].getsockname()[1])
        self._acceptor = Acceptor(sockets, self._accepting)
        self._administration = WorkersGateway(self)
        self._admin = _admin_listener(settings)

    async def run(self) -> int:
        """Serve until a signal, or until the first worker cannot start. Return the status."""
        places = [asyncio.ensure_future(self._keep(index)) for index in sorted(self._unready)]
        await asyncio.wait({self._stopping, *places}, return_when=asyncio.FIRST_COMPLETED)
        await self._stop(places)
        for place in places:
            place.result()
        return self._status

    async def figures(self) -> Figures:
        """Return the figures of all workers."""
        return await self._census.take(self.serving())

    def serving(self) -> list[WorkerProcess]:
        """Return the workers that have started."""
        return [worker for worker in self._workers.values() if worker.started]

    def stop(self) -> None:
        """Begin to stop, as on SIGTERM."""
        self._signals.stop.set()

    def worker_changed(self, worker: WorkerProcess, event: str) -> None:
        """React to what a worker reports."""
        if event == "started":
            self._proven.set()
            self._settle(worker.index)
            if worker.index in self._outdated:
                self._outdated.remove(worker.index)
                worker.signal(signal.SIGHUP)
            adjusting = asyncio.ensure_future(self._administration.adjust(worker))
            self._adjusting.add(adjusting)
            adjusting.add_done_callback(self._adjusting.discard)
        elif event == "ready" and worker.index in self._unready:
            self._unready.remove(worker.index)
            if not self._unready:
                log.info(
                    "ready: open %(url)s", {"url": startup.page_url(self._settings, self._port)}
                )

    async def _keep(self, index: int) -> None:
        """Run one worker after another in a place, until the gateway stops."""
        restarts = Restarts()
        while not self._signals.stop.is_set():
            started = time.monotonic()
            status = await self._run(index)
            if self._signals.stop.is_set():
                return
            if not self._proven.is_set():
                self._fail(status)
                return
            self._settle(index)
            pause_s = restarts.pause_s(time.monotonic() - started)
            when = f"starting another in {pause_s:g} s" if pause_s else "starting another"
            log.warning(
                "worker %(number)d %(end)s; %(next)s",
                {"number": index, "end": _end(status), "next": when},
            )
            await asyncio.wait({self._stopping}, timeout=pause_s)

    async def _run(self, index: int) -> int:
        """Run a worker until it ends. Return its exit status: 1 if it cannot be started."""
        try:
            worker = await WorkerProcess.spawn(index, self, self._memory)
        except OSError as error:
            log.error(
                "worker %(number)d cannot be started: %(error)s", {"number": index, "error": error}
            )
            return 1
        self._workers[index] = worker
        if index:
            await self._proven.wait()
        if self._signals.stop.is_set():
            worker.signal(signal.SIGTERM)
        else:
            worker.begin(self.settings)
        watching = asyncio.ensure_future(self._watch(worker))
        status = await worker.ended()
        watching.cancel()
        del self._workers[index]
        self._outdated.discard(index)
        self._memory.forget(index)
        self._census.bury(worker)
        return status

    async def _watch(self, worker: WorkerProcess) -> None:
        """Keep a worker's figures fresh for the time after its end, and kill it if it hangs."""
        while True:
            await asyncio.sleep(CHECK_S)
            if worker.started and not await worker.update_statistics(HANGS_S):
                log.error(
                    "worker %(number)d has not answered for %(seconds)g s",
                    {"number": worker.index, "seconds": HANGS_S},
                )
                worker.signal(signal.SIGKILL)

    def _settle(self, index: int) -> None:
        """Note that a worker has started or failed to; once all have, accept connections."""
        if index not in self._unsettled:
            return
        self._unsettled.remove(index)
        if not self._unsettled and not self._signals.stop.is_set():
            self._acceptor.start()
            log.info(
                "listening on %(endpoint)s, model server %(backend)s, %(workers)d workers",
                {
                    "endpoint": endpoint(self._settings.host, self._port),
                    "host": self._settings.host,
                    "port": self._port,
                    "backend": self._settings.backend,
                    "workers": self._memory.workers,
                },
            )
            startup.warn(self._settings)
            if self._admin is not None:
                _start(self._admin, self._administration, self.figures)

    def _fail(self, status: int) -> None:
        """End, because the first worker could not start. It has said why, unless it was killed."""
        if status <= 0:
            log.error("worker 0 %(end)s before it could start", {"end": _end(status)})
        self._status = status if status > 0 else 1
        self._signals.stop.set()

    async def _stop(self, places: list[asyncio.Task[None]]) -> None:
        """Let all workers drain; a second signal hurries them."""
        self._signals.stop.set()
        self._proven.set()
        self._acceptor.stop()
        if not self._status:
            log.info("stopping: accepted frames are answered first")
        self._signal(signal.SIGTERM)
        hurrying = asyncio.ensure_future(self._hurry())
        await asyncio.wait(places, timeout=self._settings.drain_s + STOP_S)
        hurrying.cancel()
        self._signal(signal.SIGKILL)
        await asyncio.wait(places)
        if self._admin is not None:
            await self._admin.close()

    async def _hurry(self) -> None:
        await self._signals.at_once.wait()
        self._signal(signal.SIGTERM)

    def _reload(self) -> None:
        log.info("SIGHUP: the workers reload their files")
        if self._admin is not None:
            for watcher in self._admin.watchers:
                watcher.reload()
        for worker in self._workers.values():
            if worker.started:
                worker.signal(signal.SIGHUP)
            else:  # it might not handle it yet, or have read its files already
                self._outdated.add(worker.index)

    def _signal(self, number: signal.Signals) -> None:
        for worker in self._workers.values():
            worker.signal(number)

    def _accepting(self) -> Mapping[int, WorkerProcess]:
        """Return the workers that take connections, without stalled ones unless all are."""
        accepting = {index: one for index, one in self._workers.items() if one.accepts}
        return {index: one for index, one in accepting.items() if not one.stalled} or accepting


def _admin_listener(settings: Settings) -> AdminListener | None:
    """Open the admin listener, if there is to be one. Raises WrongSetting."""
    if not settings.admin:
        return None
    from server.admin.listener import AdminListener

    return AdminListener(settings)


def _start(
    listener: AdminListener,
    administration: WorkersGateway,
    figures: Callable[[], Awaitable[Figures]],
) -> None:
    from server.workers.metrics import WorkersMetrics

    listener.start(administration, WorkersMetrics(figures))


def _end(status: int) -> str:
    """Describe the end of a process."""
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
