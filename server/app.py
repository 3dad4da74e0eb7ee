"""Wiring of settings, backend, gateway, addresses and signals, without decisions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tornado.web import Application

from server import allocator
from server.access.control import AccessControl
from server.access.filewatcher import FileWatcher, watch_files
from server.admin.handlers import PublicActHandler
from server.backend.description import DescriptionError
from server.backend.interface import Backend
from server.backend.modelconfig import LabelRefused, ModelConfigFile
from server.backend.pool import BackendPool
from server.backend.resolution import is_fixed, split
from server.backend.serving import Shared, TensorFlowServing
from server.backend.versionlabels import LabelMover
from server.core.balancing import Balancer
from server.handlers.assets import ROOT
from server.handlers.health import AliveHandler, MetricsHandler, ReadyHandler
from server.handlers.infer import FORM_BYTES, InferHandler
from server.handlers.login import LoginHandler
from server.handlers.models import ModelsHandler
from server.handlers.notfound import NotFoundHandler
from server.handlers.pages import DOCS, FileHandler, ShortcutHandler, StaticHandler
from server.handlers.websocket import SessionHandler
from server.process import Process, Standalone
from server.recording import open_sampler
from server.runtime.gateway import Gateway
from server.runtime.limits import new_slots
from server.runtime.shadow import Shadow
from server.runtime.statistics import Counters
from server.settings import Settings, WrongSetting, load_descriptions
from server.signals import Signals
from server.transport.httpserver import BURST_S, COSTS, BoundedApplication, BoundedServer
from server.transport.tornado_private import accept_chunk_extensions, bound_heads
from server.transport.uploads import UploadSlots

if TYPE_CHECKING:  # OpenTelemetry is loaded only if a setting needs it
    from server.tracing import OpenTelemetryTracer

log = logging.getLogger("server")

# The largest body at addresses that expect none; the others have limits of their own.
# Tornado buffers a whole body before it answers.
STRAY_BODY_BYTES = 64 * 1024
STRAY_BODY_S = 10.0


def application(
    gateway: Gateway, settings: Settings, access: AccessControl, process: Process
) -> Application:
    """Return the table of addresses."""
    session = {"gateway": gateway, "settings": settings, "access": access}
    limiters, rate = process.limiters, settings.max_requests_per_s
    burst = max(1.0, BURST_S * rate)
    logins = limiters.buckets(
        "max_logins_per_min", settings.max_logins_per_min / 60, round(settings.max_logins_per_min)
    )
    login = {"access": access, "settings": settings, "logins": logins}
    uploads = UploadSlots(
        limiters.quota("max_uploads", settings.max_uploads),
        limiters.quota("max_uploads_per_address", settings.max_uploads_per_address or None),
        gateway.session_rejected,
    )
    upload = {**session, "uploads": uploads}
    return BoundedApplication(
        [
            (r"/ws", SessionHandler, session),
            (r"/v1/infer", InferHandler, upload),
            (r"/v1/models", ModelsHandler, {"gateway": gateway, "access": access}),
            (r"/v1/login", LoginHandler, login),
            (r"/healthz", AliveHandler),
            (r"/readyz", ReadyHandler, {"gateway": gateway}),
            (r"/metrics", MetricsHandler, {"metrics": process.metrics(gateway)}),
            (r"/admin/.*", PublicActHandler, {"access": access}),
            (r"/()", FileHandler, {"path": str(ROOT), "default_filename": "index.html"}),
            (r"/static/(.+)", StaticHandler, {"path": str(ROOT)}),
            (r"/docs", ShortcutHandler, {"url": "docs/", "permanent": False}),
            (r"/docs/(.*)", FileHandler, {"path": str(DOCS), "default_filename": "index.html"}),
        ],
        access,
        limiters.buckets("max_requests_per_s", rate, burst) if rate else None,
        gateway.session_rejected,
        {path: min(cost, burst) for path, cost in COSTS.items()},
        # Room for base64, and for a clear answer to a frame that is slightly too large;
        # a larger message closes the socket with 1009.
        websocket_max_message_size=2 * settings.max_frame_bytes + FORM_BYTES,
        websocket_ping_interval=settings.ping_s,
        websocket_ping_timeout=settings.ping_s,
        default_handler_class=NotFoundHandler,
        log_function=lambda handler: None,
    )


def model_servers(settings: Settings) -> tuple[Backend, Balancer | None]:
    """Return the model server of the settings, or several and what chooses among them.

    Raises WrongSetting for invalid descriptions.
    """
    descriptions, threads = load_descriptions(settings.descriptions), settings.decode_threads
    addresses = split(settings.backend)
    try:
        if is_fixed(addresses):
            only = TensorFlowServing(
                addresses[0], descriptions=descriptions, decode_threads=threads
            )
            return only, None
        shared = Shared.of(descriptions, threads)
    except DescriptionError as error:
        raise WrongSetting(f"descriptions: {settings.descriptions}: {error}") from None
    balancer = Balancer(partial(new_slots, settings))
    connect = partial(TensorFlowServing, shared=shared)
    return BackendPool(addresses, balancer, connect, shared), balancer


def version_labels(gateway: Gateway, settings: Settings) -> LabelMover:
    """Return the labels of the default model, as operators may move them."""

    def addresses() -> list[str]:
        return [one.address for one in gateway.statistics().backends if one.state != "leaving"]

    return LabelMover(settings.model, settings.model_config, addresses)


def offer_models(gateway: Gateway, settings: Settings) -> list[FileWatcher]:
    """List the models that the settings describe, and those of the model servers' file.

    Return what follows that file. Raises WrongSetting for an invalid file of descriptions.
    """
    described = load_descriptions(settings.descriptions)
    gateway.offer(described)
    if not settings.model_config:
        return []
    file = ModelConfigFile(Path(settings.model_config))

    def reload() -> None:
        try:
            names = file.models()
        except LabelRefused as error:
            raise WrongSetting(f"model_config: {error}") from None
        # The routes to the default model list it, with the labels that it is offered with.
        gateway.offer([*described, *(name for name in names if name != settings.model)])

    watcher = FileWatcher([settings.model_config], reload, None)
    watcher.reload()
    return [watcher]


def open_tracer(settings: Settings) -> OpenTelemetryTracer | None:
    """Return what follows frames, if the settings name a collector. Raises WrongSetting."""
    if not settings.otlp_endpoint:
        return None
    try:
        from server.tracing import OpenTelemetryTracer
    except ImportError:
        raise WrongSetting(
            "otlp_endpoint: OpenTelemetry is not installed; run: pip install 'framewire[otel]'"
        ) from None
    return OpenTelemetryTracer(settings.otlp_endpoint, settings.trace_share)


def open_shadow(settings: Settings, counters: Counters) -> Shadow | None:
    """Return what compares a candidate, if the settings name one, with a connection of its own."""
    if not (settings.shadow and settings.shadow_share):
        return None
    backend, balancer = model_servers(settings)
    return Shadow(settings, backend, balancer, counters.comparisons)


def http_server(
    gateway: Gateway,
    settings: Settings,
    access: AccessControl,
    process: Process | None = None,
) -> BoundedServer:
    """Return the server of all addresses, with TLS if it is configured."""
    process = process or Standalone(settings)
    access.on_rejection = gateway.request_rejected
    accept_chunk_extensions()
    bound_heads()
    per_address = settings.max_connections_per_address or None
    server = process.server(
        application(gateway, settings, access, process),
        access.proxies,
        process.limiters.quota("max_connections_per_address", per_address),
        gateway.session_rejected,
        max_body_size=STRAY_BODY_BYTES,
        body_timeout=STRAY_BODY_S,
    )
    if access.tls is not None:
        server.use(access.tls)
    return server


def build_gateway(
    settings: Settings, access: AccessControl, process: Process, closing: AsyncExitStack
) -> tuple[Gateway, Shadow | None]:
    """Return the gateway, and its shadow if there is one; ``closing`` gets what they leave open.

    Raises WrongSetting.
    """
    sampler = open_sampler(settings)
    if sampler is not None:
        closing.push_async_callback(asyncio.to_thread, sampler.close)
    tracer = open_tracer(settings)
    if tracer is not None:
        closing.push_async_callback(asyncio.to_thread, tracer.close)
    backend, balancer = model_servers(settings)
    closing.push_async_callback(backend.close)
    if tracer is not None:
        backend = tracer.traced(backend)
    counters = Counters()
    shadow = open_shadow(settings, counters)
    if shadow is not None:
        closing.push_async_callback(shadow.close)
        backend = shadow.mirrored(backend)
    verify = access.tokens.verify if access.tokens else None
    observers = () if sampler is None else (sampler,)
    gateway = Gateway(
        settings, backend, verify, balancer, tracer, process.limiters, observers, counters
    )
    return gateway, shadow


async def serve(settings: Settings, process: Process | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then drain. ``process``: how, if it is one of several.

    Raises WrongSetting.
    """
    process = process or Standalone(settings)
    allocator.keep_freed_memory()
    signals = Signals()
    access = AccessControl.from_settings(settings, process.limiters)
    sockets = process.listen()
    async with AsyncExitStack() as closing:
        gateway, shadow = build_gateway(settings, access, process, closing)
        closing.callback(access.close)
        server = http_server(gateway, settings, access, process)
        server.add_sockets(sockets)
        process.started(gateway, version_labels(gateway, settings), signals.stop)
        gateway.start()
        watchers = [*access.watchers, *offer_models(gateway, settings)]
        if shadow is not None:
            shadow.start()
        tasks = [
            asyncio.ensure_future(_announce(gateway, process)),
            asyncio.ensure_future(_keep_watch(watchers, process, signals)),
        ]
        await signals.stop.wait()
        log.info("stopping: accepted frames are answered first")
        for task in tasks:
            task.cancel()
        process.stopping()
        server.stop()
        await gateway.drain(settings.drain_s, signals.at_once)
        await process.stopped(gateway)


async def _announce(gateway: Gateway, process: Process) -> None:
    await gateway.became_ready()
    process.ready()


async def _keep_watch(watches: Sequence[FileWatcher], process: Process, signals: Signals) -> None:
    """Reload files when they change, and at once on SIGHUP."""

    every = [*watches, *process.watchers]

    def reload() -> None:
        log.info("SIGHUP: reloading files")
        for watch in every:
            watch.reload()

    if every:
        signals.reload = reload
    await watch_files(watches)
