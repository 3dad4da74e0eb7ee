"""Predict calls straight to the model server: the upper bound for any gateway."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from export.client.channel import open_channel

# Through the gateway's stubs, which do without TensorFlow.
from server.backend.stubs import predict_pb2, prediction_service_pb2_grpc, types_pb2


@dataclass(frozen=True)
class Direct:
    """The throughput of direct calls, and the median duration of a call in ms."""

    batch: int
    calls: int
    frames_per_s: float
    median_ms: float


def measure(port: int, pictures: Sequence[bytes], batch: int, calls: int, seconds: float) -> Direct:
    """Keep ``calls`` concurrent Predict calls of ``batch`` pictures going for ``seconds``."""
    with open_channel(f"127.0.0.1:{port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        requests = [request(pictures, batch, start) for start in range(4)]
        run = _Run(stub, requests, calls, seconds)
        run.finished.wait(seconds + 60)
        if run.error is not None:
            raise run.error
    frames = len(run.durations) * batch
    return Direct(batch, calls, frames / run.elapsed_s, statistics.median(run.durations) * 1000)


def request(pictures: Sequence[bytes], batch: int, start: int) -> Any:
    """Return a PredictRequest with ``batch`` pictures, from index ``start`` on."""
    built = predict_pb2.PredictRequest()
    built.model_spec.name = "digits"
    tensor = built.inputs["image"]
    tensor.dtype = types_pb2.DT_STRING
    tensor.tensor_shape.dim.add().size = batch
    tensor.string_val.extend(pictures[(start + i) % len(pictures)] for i in range(batch))
    return built


class _Run:
    """A closed loop: each call that ends starts the next, until the time is up."""

    def __init__(self, stub: Any, requests: Sequence[Any], calls: int, seconds: float) -> None:
        self.durations: list[float] = []
        self.error: Exception | None = None
        self.finished = threading.Event()
        self._stub = stub
        self._requests = requests
        self._lock = threading.Lock()
        self._open = calls
        self._started = time.perf_counter()
        self._until = self._started + seconds
        for number in range(calls):
            self._start(number)

    def _start(self, number: int) -> None:
        sent = time.perf_counter()
        request = self._requests[number % len(self._requests)]
        future = self._stub.Predict.future(request, timeout=60)
        future.add_done_callback(lambda done: self._done(done, sent, number))

    def _done(self, done: Any, sent: float, number: int) -> None:
        now = time.perf_counter()
        error = done.exception()
        with self._lock:
            if error is None:
                self.durations.append(now - sent)
                self.elapsed_s = now - self._started
            else:
                self.error = error
            if error is None and now < self._until:
                again = True
            else:
                again = False
                self._open -= 1
                if not self._open:
                    self.finished.set()
        if again:
            self._start(number + 1)
