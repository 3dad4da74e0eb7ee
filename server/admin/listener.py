"""The admin listener: its sockets, its server, and the history that its page draws."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tornado.web import Application

from server.access.administration import LOOPBACK, AdminAccess, address_of
from server.access.filewatcher import FileWatcher, stamp, watch_files
from server.admin.acts import ACTS
from server.admin.handlers import (
    BODY_BYTES,
    BODY_S,
    ActHandler,
    FiguresHandler,
    LabelsHandler,
    MetricsHandler,
    SessionHandler,
    SessionsHandler,
)
from server.admin.history import History
from server.admin.interface import Administered
from server.admin.sampler import keep_sampling
from server.core.quota import Quota
from server.handlers.assets import ROOT
from server.handlers.health import AliveHandler, MetricsPage
from server.handlers.notfound import NotFoundHandler
from server.handlers.pages import DASHBOARD, FileHandler, ShortcutHandler, StaticHandler
from server.settings import Settings, WrongSetting
from server.transport.httpserver import BoundedServer
from server.transport.listening import cannot_listen, open_sockets
from server.transport.tornado_private import bound_heads

if TYPE_CHECKING:
    from server.access.tls import TLS

log = logging.getLogger("server")


class AdminListener:
    """Listens from its creation on, and answers from :meth:`start` on. Raises WrongSetting.

    ``watchers``: the files that it reloads when they change. The caller must: await :meth:`close`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._host, port = address_of(settings)
        self._access = AdminAccess(settings, self._host)
        self.watchers = list(self._access.watchers)
        loaded = stamp([settings.tls_certificate, settings.tls_key])
        self._tls = None if self._access.local else _tls(settings)
        if self._tls is not None:
            self.watchers.append(FileWatcher(self._tls.paths, self._tls.reload, loaded))
        self._tasks: list[asyncio.Task[None]] = []
        try:
            self._sockets = open_sockets(self._host, port)
        except (OSError, ValueError) as error:  # ValueError: an impossible host name
            raise WrongSetting(f"admin: {cannot_listen(self._host, port, error)}") from None
        self.port = int(self._sockets[0].getsockname()[1])
        self._server: BoundedServer | None = None

    def start(self, administered: Administered, metrics: MetricsPage) -> None:
        """Answer requests, and take a sample every second."""
        history = History()
        self._server = self._http_server(self._application(administered, metrics, history))
        self._server.add_sockets(self._sockets)
        self._tasks = [
            asyncio.ensure_future(keep_sampling(administered, history)),
            asyncio.ensure_future(watch_files(self.watchers)),
        ]
        log.info("dashboard: open %(url)s", {"url": self._url()})

    async def close(self) -> None:
        """Answer no more."""
        if self._server is None:
            for socket in self._sockets:
                socket.close()
            return
        for task in self._tasks:
            task.cancel()
        self._server.stop()
        await self._server.close_all_connections()

    def _url(self) -> str:
        host = LOOPBACK if self._host in ("0.0.0.0", "::") else self._host
        name = f"[{host}]" if ":" in host else host
        return f"{'https' if self._tls else 'http'}://{name}:{self.port}/dashboard/"

    def _application(
        self, administered: Administered, metrics: MetricsPage, history: History
    ) -> Application:
        operators = {"access": self._access, "administered": administered}
        figures = {**operators, "history": history, "settings": self._settings}
        page = {"path": str(DASHBOARD), "default_filename": "index.html"}
        return Application(
            [
                (r"/(?:dashboard)?", ShortcutHandler, {"url": "dashboard/", "permanent": False}),
                (r"/dashboard/()", FileHandler, page),
                (r"/static/(.+)", StaticHandler, {"path": str(ROOT)}),
                (r"/healthz", AliveHandler),
                (r"/metrics", MetricsHandler, {**operators, "metrics": metrics}),
                (r"/admin/figures", FiguresHandler, figures),
                (r"/admin/sessions", SessionsHandler, operators),
                (r"/admin/sessions/([0-9a-f]{1,64})", SessionHandler, operators),
                (r"/admin/labels", LabelsHandler, operators),
                (rf"/admin/({'|'.join(ACTS)})", ActHandler, operators),
            ],
            default_handler_class=NotFoundHandler,
            log_function=lambda handler: None,
        )

    def _http_server(self, application: Application) -> BoundedServer:
        bound_heads()  # with several workers, this process serves nothing else
        server = BoundedServer(
            application,
            self._access.proxies,
            Quota(self._settings.max_connections_per_address or None),
            lambda limit: None,
            max_body_size=BODY_BYTES,
            body_timeout=BODY_S,
        )
        if self._tls is not None:
            server.use(self._tls)
        return server


def _tls(settings: Settings) -> TLS | None:
    """Return the gateway's own certificate, if it has one. Raises WrongSetting."""
    if not settings.tls_certificate:
        return None
    from server.access.tls import TLS

    return TLS(settings.tls_certificate, settings.tls_key)
