"""Metrics under TensorFlow Serving's names, in Prometheus' text format."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from modelserver.status import Code, ServingError

MAX_CELLS = 1000
"""Label values come from requests, so each metric has at most this many; the rest share a cell."""
_OVERFLOW = "other"
_PREFIX = "/tensorflow/serving/"
_Key = tuple[str, ...]


class _Metric:
    """A name, label names, and one cell per combination of label values."""

    def __init__(self, name: str, kind: str, labels: Sequence[str]) -> None:
        self.name = name if name.startswith("/") else _PREFIX + name
        self._title = self.name.replace("/", ":")
        self._kind = kind
        self._labels = tuple(labels)
        self._lock = threading.Lock()

    def _key(self, cells: Mapping[_Key, object], values: Sequence[str]) -> _Key:
        key = tuple(values)
        if key in cells or len(cells) < MAX_CELLS:
            return key
        return (_OVERFLOW,) * len(self._labels)

    def _text(self, key: _Key) -> str:
        pairs = zip(self._labels, key, strict=True)
        return ",".join(f'{name}="{_escape(value)}"' for name, value in pairs)


class Counter(_Metric):
    """A counter."""

    def __init__(self, name: str, labels: Sequence[str]) -> None:
        super().__init__(name, "counter", labels)
        self._cells: dict[_Key, int] = {}

    def add(self, *values: str, amount: int = 1) -> None:
        """Increase the cell for these label values."""
        with self._lock:
            key = self._key(self._cells, values)
            self._cells[key] = self._cells.get(key, 0) + amount

    def first(self) -> int:
        """Return the value of the first cell, or 0 if there is none."""
        with self._lock:
            return next(iter(self._cells.values()), 0)

    def lines(self) -> Iterator[str]:
        """Yield the metric in Prometheus' text format."""
        with self._lock:
            cells = dict(self._cells)
        yield f"# TYPE {self._title} {self._kind}"
        for key, value in cells.items():
            yield f"{self._title}{{{self._text(key)}}} {value}"


class Histogram(_Metric):
    """A histogram with exponentially growing buckets."""

    def __init__(
        self, name: str, labels: Sequence[str], scale: float, growth: float, count: int
    ) -> None:
        super().__init__(name, "histogram", labels)
        self._limits = [scale * growth**index for index in range(count)]
        self._cells: dict[_Key, tuple[list[int], list[float]]] = {}

    def add(self, observed: float, *values: str) -> None:
        """Record an observation for these label values."""
        with self._lock:
            key = self._key(self._cells, values)
            buckets, total = self._cells.setdefault(key, ([0] * (len(self._limits) + 1), [0.0]))
            buckets[bisect_left(self._limits, observed)] += 1
            total[0] += observed

    def lines(self) -> Iterator[str]:
        """Yield the metric in Prometheus' text format."""
        with self._lock:
            cells = {
                key: (list(buckets), total[0]) for key, (buckets, total) in self._cells.items()
            }
        limits = [*(f"{limit:g}" for limit in self._limits), "+Inf"]
        yield f"# TYPE {self._title} {self._kind}"
        for key, (buckets, total) in cells.items():
            labels = self._text(key)
            counted = 0
            for limit, bucket in zip(limits, buckets, strict=True):
                counted += bucket
                yield f'{self._title}_bucket{{{labels},le="{limit}"}} {counted}'
            yield f"{self._title}_sum{{{labels}}} {total:g}"
            yield f"{self._title}_count{{{labels}}} {counted}"


class Metrics:
    """Every metric of one server."""

    def __init__(self) -> None:
        latency = (10.0, 1.8, 33)
        self.load_attempt_count = Counter(
            "/tensorflow/cc/saved_model/load_attempt_count", ("model_path", "status")
        )
        self.load_latency = Counter("/tensorflow/cc/saved_model/load_latency", ("model_path",))
        self.graph_runs = Counter("/tensorflow/core/graph_runs", ())
        self.graph_run_time = Counter("/tensorflow/core/graph_run_time_usecs", ())
        self.request_count = Counter("request_count", ("model_name", "status"))
        self.request_latency = Histogram(
            "request_latency", ("model_name", "API", "entrypoint"), *latency
        )
        self.runtime_latency = Histogram(
            "runtime_latency", ("model_name", "API", "runtime"), *latency
        )
        self.example_counts = Histogram("request_example_counts", ("model",), 1.0, 2.0, 15)
        self.example_count_total = Counter("request_example_count_total", ("model",))
        self.model_warmup_latency = Histogram(
            "model_warmup_latency", ("model_path", "status"), *latency
        )
        self.queuing_latency = Histogram(
            "batching_session/queuing_latency", ("thread_pool_name",), 100.0, 1.2, 52
        )

    @contextmanager
    def request(self, model_name: str, api: str, entrypoint: str) -> Iterator[None]:
        """Count a request by its status code, and record the latency of a successful one."""
        started = time.perf_counter()
        code = Code.INTERNAL
        try:
            yield
            code = Code.OK
            self.request_latency.add(_since(started), model_name, api, entrypoint)
        except ServingError as error:
            code = error.code
            raise
        finally:
            self.request_count.add(model_name, code.name)

    @contextmanager
    def runtime(self, model_name: str, api: str) -> Iterator[None]:
        """Record how long a successful TensorFlow run takes."""
        started = time.perf_counter()
        yield
        microseconds = _since(started)
        self.graph_runs.add()
        self.graph_run_time.add(amount=round(microseconds))
        self.runtime_latency.add(microseconds, model_name, api, "TF1")

    def examples(self, model_name: str, count: int) -> None:
        """Count the examples of a Classify, Regress or MultiInference request."""
        self.example_counts.add(count, model_name)
        self.example_count_total.add(model_name, amount=count)

    @contextmanager
    def load(self, path: str) -> Iterator[None]:
        """Count an attempt to load the version at ``path``, and how long a successful one takes."""
        started = time.perf_counter()
        status = "fail"
        try:
            yield
            status = "success"
            self.load_latency.add(path, amount=round(_since(started)))
        finally:
            self.load_attempt_count.add(path, status)

    @contextmanager
    def warm_up(self, path: str) -> Iterator[None]:
        """Record how long a warm-up takes, whether or not it succeeds."""
        started = time.perf_counter()
        status = "OK"
        try:
            yield
        except ServingError as error:
            status = str(error)
            raise
        finally:
            self.model_warmup_latency.add(_since(started), path, status)

    def page(self) -> str:
        """Return all metrics in Prometheus' text format."""
        lines: list[str] = []
        for metric in vars(self).values():
            lines.extend(metric.lines())
        return "\n".join(lines) + "\n"

    def count(self, name: str) -> int:
        """Return the value of the counter with this full name, such as
        ``/tensorflow/serving/request_count``; 0 if there is none.
        """
        counter = self.request_count
        return counter.first() if name == counter.name else 0


def _since(started: float) -> float:
    """Return the microseconds since a ``time.perf_counter`` timestamp."""
    return (time.perf_counter() - started) * 1e6


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
