"""Wiring: settings, backend, gateway, addresses, signals. No decisions."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from server.backend.description import DescriptionError
from server.backend.serving import TensorFlowServing
from server.handlers.health import AliveHandler, MetricsHandler, ReadyHandler
from server.handlers.infer import FORM_BYTES, InferHandler, UploadLimit
from server.handlers.pages import ROOT, FileHandler
from server.handlers.websocket import SessionHandler
from server.runtime.gateway import Gateway
from server.settings import Settings, WrongSetting, load_descriptions

log = logging.getLogger("server")


def application(gateway: Gateway, settings: Settings) -> Application:
    """The table of addresses."""
    session = {"gateway": gateway, "settings": settings}
    upload = {**session, "uploads": UploadLimit(settings.max_uploads)}
    return Application(
        [
            (r"/ws", SessionHandler, session),
            (r"/v1/infer", InferHandler, upload),
            (r"/healthz", AliveHandler),
            (r"/readyz", ReadyHandler, {"gateway": gateway}),
            (r"/metrics", MetricsHandler, {"gateway": gateway}),
            (r"/()", FileHandler, {"path": str(ROOT), "default_filename": "index.html"}),
            (r"/static/(.+)", FileHandler, {"path": str(ROOT)}),
        ],
        # Room for base64 and for a clear answer to what is somewhat too large;
        # beyond that the socket closes with 1009.
        websocket_max_message_size=2 * settings.max_frame_bytes + FORM_BYTES,
        websocket_ping_interval=settings.ping_s,
        websocket_ping_timeout=settings.ping_s,
        log_function=lambda handler: None,
    )


def model_server(settings: Settings) -> TensorFlowServing:
    """The model server that the settings name. Raises WrongSetting for wrong descriptions."""
    try:
        return TensorFlowServing(
            settings.backend,
            descriptions=load_descriptions(settings.descriptions),
            decode_threads=settings.decode_threads,
        )
    except DescriptionError as error:
        raise WrongSetting(f"descriptions: {settings.descriptions}: {error}") from None


def listen(settings: Settings) -> list[socket.socket]:
    """The listening sockets. Raises WrongSetting where the address cannot be had."""
    try:
        return bind_sockets(settings.port, settings.host, reuse_port=False)
    except OSError as error:
        raise WrongSetting(f"cannot listen on {settings.host}:{settings.port}: {error}") from None


async def serve(settings: Settings, started: Callable[[int], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then drain. ``started`` is told the port."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    backend = model_server(settings)
    sockets = listen(settings)
    gateway = Gateway(settings, backend)
    server = HTTPServer(
        application(gateway, settings),
        max_body_size=settings.max_upload_bytes + FORM_BYTES,
        xheaders=False,
    )
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]
    log.info("listening on %s:%d, model server %s", settings.host, port, settings.backend)
    if started is not None:
        started(port)
    gateway.start()
    announced = asyncio.ensure_future(_announce(gateway, settings, port))
    await stop.wait()
    log.info("stopping: accepted frames are answered first")
    announced.cancel()
    server.stop()
    await gateway.drain(settings.drain_s)
    await backend.close()


async def _announce(gateway: Gateway, settings: Settings, port: int) -> None:
    """One line, once frames can really be answered."""
    await gateway.became_ready()
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host
    log.info("ready: open http://%s:%d/", host, port)
