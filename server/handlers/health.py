"""GET and HEAD of /healthz, /readyz and /metrics."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from server.runtime.metrics import CONTENT_TYPE
from server.transport.jsonapi import ReadOnlyHandler

if TYPE_CHECKING:  # the supervisor of several workers has no gateway, and loads none
    from server.runtime.gateway import Gateway


class AliveHandler(ReadOnlyHandler):
    """/healthz: the process is alive."""

    def get(self) -> None:
        self.finish({"status": "alive"})

    head = get


class ReadyHandler(ReadOnlyHandler):
    """/readyz: the gateway can process frames, and the state of each of several model servers."""

    def initialize(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def get(self) -> None:
        error = self._gateway.ready()
        statuses = [asdict(status) for status in self._gateway.backends()]
        backends = {"backends": statuses} if statuses else {}
        if error is None:
            self.finish({"status": "ready", **backends})
            return
        self.set_status(503)
        reason = {"code": error.code, "message": str(error)}
        self.finish({"status": "not ready", **reason, **backends})

    head = get


class MetricsPage(Protocol):
    """Where the metrics come from."""

    async def page(self) -> bytes:
        """Return all of them in Prometheus' text format."""


class MetricsHandler(ReadOnlyHandler):
    """/metrics: all metrics in Prometheus' text format."""

    def initialize(self, metrics: MetricsPage) -> None:
        self._metrics = metrics

    async def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(await self._metrics.page())

    head = get
