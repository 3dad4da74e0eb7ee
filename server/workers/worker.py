"""A worker: the gateway of ``server.app``, in a process that a supervisor has started."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from server import logs, openfiles, signals
from server.admin.interface import MovableLabels
from server.admin.local import LocalGateway
from server.app import serve
from server.handlers.health import MetricsPage
from server.runtime.gateway import Gateway
from server.settings import Settings, WrongSetting
from server.transport.httpserver import BoundedServer
from server.transport.listening import ListeningSocket
from server.workers.counting import CountingServer
from server.workers.handover import HandedSocket
from server.workers.limiters import SharedLimiters
from server.workers.link import Link
from server.workers.memory import SharedMemory
from server.workers.metrics import WorkersMetrics

log = logging.getLogger("server")

# The supervisor may have to wait for other workers.
FIGURES_S = 10.0


def run(index: int, workers: int, link: int, channel: int, memory: int) -> int:
    """Serve as worker ``index`` of ``workers``. Returns the exit status.

    ``link``, ``channel`` and ``memory`` are file descriptors.
    """
    try:
        asyncio.run(_run(index, link, channel, SharedMemory(memory, workers)))
    except WrongSetting as error:
        print(f"framewire: {error}", file=sys.stderr)
        return 2
    finally:
        signals.ignore()
    return 0


async def _run(index: int, link: int, channel: int, memory: SharedMemory) -> None:
    worker = Worker(index, memory, HandedSocket(fileno=channel))
    await worker.connect(socket.socket(fileno=link))
    settings = await worker.settings
    if settings is None:
        return
    budget = logs.configure(settings.log_level, settings.log_format, index)
    reports = asyncio.ensure_future(budget.keep_reporting())
    try:
        await serve(settings, worker)
    finally:
        reports.cancel()
        await worker.leave()


class Worker:
    """How a gateway is embedded in a worker: a :class:`server.process.Process`.

    ``settings`` come from the supervisor; None if it ended before.
    """

    def __init__(self, index: int, memory: SharedMemory, channel: HandedSocket) -> None:
        self.limiters = SharedLimiters(memory, index)
        self.settings: asyncio.Future[Settings | None] = asyncio.get_running_loop().create_future()
        self._channel = channel
        self._channel.setblocking(False)
        self._channel.on_received = partial(memory.add_received, index)
        self._on_undecided = partial(memory.set_undecided, index)
        self._gateway: LocalGateway | None = None
        self._stop = asyncio.Event()  # until the gateway brings its own
        self._leaving = False

    async def connect(self, link_end: socket.socket) -> None:
        """Begin to listen to the supervisor."""
        self._link = await Link.over(link_end, self)
        self._receiving = asyncio.ensure_future(self._receive())

    async def leave(self) -> None:
        """Send what is left to say, and end the link."""
        self._leaving = True
        self._link.close()
        await self._receiving

    # What the gateway asks for

    @property
    def watchers(self) -> tuple[()]:
        """None: the supervisor has the admin listener."""
        return ()

    def listen(self) -> Sequence[ListeningSocket]:
        """Return the channel that brings connections."""
        openfiles.raise_limit()
        return [self._channel]

    def server(self, *arguments: Any, **options: Any) -> BoundedServer:
        """Return a server that reports its load."""
        return CountingServer(self._on_undecided, *arguments, **options)

    def metrics(self, gateway: Gateway) -> MetricsPage:
        """Return the metrics of all workers."""
        return WorkersMetrics(partial(self._link.request, "figures", FIGURES_S))

    def started(self, gateway: Gateway, labels: MovableLabels, stop: asyncio.Event) -> None:
        """Take connections until ``stop``, or until the supervisor ends."""
        settings = self.settings.result() or Settings()
        self._gateway = LocalGateway(gateway, settings, labels, stop)
        orphaned = self._stop.is_set()
        self._stop = stop
        if orphaned:
            stop.set()
        self._link.notify("started")

    def ready(self) -> None:
        """Report that frames can be answered."""
        self._link.notify("ready")

    def stopping(self) -> None:
        """Get no more connections."""
        self._link.notify("stopping")

    async def stopped(self, gateway: Gateway) -> None:
        """Leave the final figures with the supervisor."""
        self._link.notify("stopped", gateway.statistics())

    # What the supervisor says

    def notified(self, name: str, content: Settings) -> None:
        """Receive the settings."""
        self.settings.set_result(content)

    async def asked(self, name: str, content: Any) -> Any:
        """Call the method ``name`` of this worker's gateway with the arguments ``content``."""
        return await getattr(self._gateway, name)(*content) if self._gateway else None

    async def _receive(self) -> None:
        """Listen to the supervisor, and stop when it has ended."""
        await self._link.receive()
        if not self.settings.done():
            self.settings.set_result(None)
        elif not self._leaving:
            log.warning("the supervisor has ended")
        self._stop.set()
