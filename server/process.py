"""How a gateway's parts are embedded in their process, and what a gateway of one process does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from server import startup
from server.access.filewatcher import FileWatcher
from server.admin.interface import MovableLabels
from server.admin.listener import AdminListener
from server.admin.local import LocalGateway
from server.core.limiters import Limiters
from server.handlers.health import MetricsPage
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from server.settings import Settings
from server.transport.httpserver import BoundedServer
from server.transport.listening import ListeningSocket, endpoint

log = logging.getLogger("server")


class Process(Protocol):
    """What differs between a gateway of one process and a worker of several."""

    @property
    def limiters(self) -> Limiters:
        """What makes the limits that hold for the whole gateway."""

    @property
    def watchers(self) -> Sequence[FileWatcher]:
        """The files that are watched beside the gateway's own."""

    def listen(self) -> Sequence[ListeningSocket]:
        """Return the sockets to accept connections from. Raises WrongSetting."""

    def server(self, *arguments: Any, **options: Any) -> BoundedServer:
        """Return a server of these connections."""

    def metrics(self, gateway: Gateway) -> MetricsPage:
        """Return the metrics of the whole gateway, of which ``gateway`` is in this process."""

    def started(self, gateway: Gateway, labels: MovableLabels, stop: asyncio.Event) -> None:
        """Note that connections are accepted from now on.

        ``labels`` are those of the default model; setting ``stop`` stops it as SIGTERM does.
        """

    def ready(self) -> None:
        """Note that frames can be answered for the first time."""

    def stopping(self) -> None:
        """Note that no connections are accepted any more."""

    async def stopped(self, gateway: Gateway) -> None:
        """Note that all sessions are closed."""


class Standalone:
    """The only process of a gateway: it listens itself, and shares nothing."""

    def __init__(self, settings: Settings) -> None:
        self.limiters = Limiters()
        self._settings = settings
        self._port = settings.port
        self._admin: AdminListener | None = None

    @property
    def watchers(self) -> Sequence[FileWatcher]:
        """Those of the admin listener."""
        return () if self._admin is None else self._admin.watchers

    def listen(self) -> Sequence[ListeningSocket]:
        """Open the listening sockets. Raises WrongSetting."""
        sockets = startup.listen(self._settings)
        self._port = sockets[0].getsockname()[1]
        if self._settings.admin:
            self._admin = AdminListener(self._settings)
        return sockets

    def server(self, *arguments: Any, **options: Any) -> BoundedServer:
        """Return a server."""
        return BoundedServer(*arguments, **options)

    def metrics(self, gateway: Gateway) -> MetricsPage:
        """Return the metrics of ``gateway``."""
        return Metrics(gateway)

    def started(self, gateway: Gateway, labels: MovableLabels, stop: asyncio.Event) -> None:
        """Log where the gateway listens, and warnings; start the admin listener."""
        settings = self._settings
        log.info(
            "listening on %(endpoint)s, model server %(backend)s",
            {
                "endpoint": endpoint(settings.host, self._port),
                "host": settings.host,
                "port": self._port,
                "backend": settings.backend,
            },
        )
        startup.warn(settings)
        if self._admin is not None:
            local = LocalGateway(gateway, settings, labels, stop)
            self._admin.start(local, Metrics(gateway))

    def ready(self) -> None:
        """Log the page's address."""
        log.info("ready: open %(url)s", {"url": startup.page_url(self._settings, self._port)})

    def stopping(self) -> None:
        """Do nothing: no other process depends on it."""

    async def stopped(self, gateway: Gateway) -> None:
        """Close the admin listener."""
        if self._admin is not None:
            await self._admin.close()
