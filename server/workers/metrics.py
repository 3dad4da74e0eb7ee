"""One page of metrics for all workers, whichever of them is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from server.runtime.metrics import StatisticsCollector
from server.workers.census import Figures


class WorkersMetrics:
    """``figures`` asks all workers, by way of the supervisor."""

    def __init__(self, figures: Callable[[], Awaitable[Figures]]) -> None:
        self._figures = figures

    async def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        figures = await self._figures()
        registry = CollectorRegistry()
        if figures.workers:
            registry.register(StatisticsCollector(figures.total))
        registry.register(WorkersCollector(figures))
        return generate_latest(registry)


class WorkersCollector(Collector):
    """What each process uses, and each worker's share of the sessions and frames."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        pids = {str(worker.index): worker.pid for worker in figures.workers}
        yield from _processes({**pids, "supervisor": figures.supervisor_pid})
        yield GaugeMetricFamily(
            "framewire_workers", "Workers that serve.", value=len(figures.workers)
        )
        text = "Workers that ended and were replaced."
        restarts = CounterMetricFamily("framewire_worker_restarts", text)
        restarts.add_metric((), figures.restarts)
        yield restarts
        text = "Open sessions of a worker."
        sessions = GaugeMetricFamily("framewire_worker_sessions", text, labels=("worker",))
        text = "Accepted frames of a worker since its start."
        frames = CounterMetricFamily("framewire_worker_frames_accepted", text, labels=("worker",))
        for worker in figures.workers:
            sessions.add_metric((str(worker.index),), worker.statistics.sessions)
            frames.add_metric((str(worker.index),), worker.statistics.accepted)
        yield from (sessions, frames)


def _processes(pids: Mapping[str, int]) -> Iterator[Metric]:
    """Return memory, processor time and open files of each process, by the label ``worker``."""
    families: dict[str, Metric] = {}
    for name, pid in pids.items():
        collector = ProcessCollector(pid=partial(int, pid), registry=None)
        for metric in collector.collect():
            family = families.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for sample in metric.samples:
                family.add_sample(sample.name, {"worker": name}, sample.value)
    yield from families.values()
