"""What an operator sees at /metrics."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from server.core.messages import Dropped, Error, Outcome, Result
from server.runtime.version_metrics import SECONDS, VersionMetrics

# Prometheus takes no use of the time of each counter's birth, a third of all lines.
disable_created_metrics()

_SIZES = (1, 2, 4, 8, 12, 16, 24, 32, 64)


class Metrics:
    """Counters of this process. Every accepted frame ends in exactly one ``frames`` count.

    docs/operations.md has them all, with what to watch.
    """

    def __init__(self, max_sessions: int, max_calls: int) -> None:
        self.registry = CollectorRegistry()
        # Memory, processor time, open files: process_*, as every exporter has them.
        ProcessCollector(registry=self.registry)
        self.ready = self._gauge("ready", "1 while frames of the default model can be answered.")
        self.sessions = self._gauge("sessions", "Sessions that are open.")
        self._gauge("sessions_limit", "Open sessions at most (max_sessions).").set(max_sessions)
        self.turned_away = self._counter(
            "sessions_refused", "Sessions that were not let in.", "reason"
        )
        self._kept_out = self._counter(
            "refused_requests",
            "Handshakes, tokens, uploads and logins that were refused for who asked.",
            "path",
            "code",
        )
        self.accepted = self._counter("frames_accepted", "Frames that were accepted.")
        self.frames = self._counter(
            "frames",
            "Outcomes of accepted frames. A result has no reason; "
            "disconnected: its session left before it could be told.",
            "outcome",
            "reason",
        )
        self.refused = self._counter(
            "refused_messages", "Messages that were not usable and named no new frame.", "code"
        )
        self.waiting = self._gauge("frames_waiting", "Frames that wait for a batch.")
        self.calls = self._gauge("calls", "Predict calls under way.")
        self._gauge("calls_limit", "Predict calls under way at most (max_calls).").set(max_calls)
        self.batch_size = self._histogram(
            "batch_size", "Frames in a Predict call, counted at its end.", _SIZES
        )
        self.inference = self._histogram(
            "inference_seconds", "Duration of a Predict call.", SECONDS
        )
        self.queue = self._histogram(
            "queue_seconds", "From a frame's arrival to its Predict call.", SECONDS
        )
        self.total = self._histogram(
            "total_seconds", "From a frame's arrival to its result.", SECONDS
        )
        self.versions = VersionMetrics(self.registry)
        self._results = self.frames.labels("result", "")

    def outcome(self, outcome: Outcome) -> None:
        """Count what became of an accepted frame."""
        if isinstance(outcome, Result):
            self._results.inc()
            self.queue.observe(outcome.timing_ms.queue / 1000)
            self.total.observe(outcome.timing_ms.total / 1000)
        elif isinstance(outcome, Dropped):
            self.frames.labels("dropped", outcome.reason).inc()
        elif isinstance(outcome, Error):
            self.frames.labels("error", outcome.code).inc()

    def kept_out(self, path: str, code: str) -> None:
        """Count a request that was refused for who asked: by origin, token or login."""
        self._kept_out.labels(path, code).inc()

    def disconnected(self) -> None:
        """Count a frame whose session left before its outcome."""
        self.frames.labels("dropped", "disconnected").inc()

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"framewire_{name}", text, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"framewire_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"framewire_{name}", text, buckets=buckets, registry=self.registry)
