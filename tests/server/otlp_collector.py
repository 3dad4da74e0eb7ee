"""A small OTLP collector over gRPC, which keeps the spans that it is sent."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent import futures
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

PATIENCE_S = 20.0


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Listens at ``endpoint``. ``spans`` has what came, with ``resource`` as its sender."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resource: dict[str, str] = {}
        self._news = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(1))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.endpoint = f"http://127.0.0.1:{port}"
        self._server.start()

    def Export(self, request: Any, context: Any) -> Any:
        """Take spans in."""
        with self._news:
            for sent in request.resource_spans:
                self.resource = attributes(sent.resource)
                for scope in sent.scope_spans:
                    self.spans.extend(scope.spans)
            self._news.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def named(self, name: str) -> list[Any]:
        """The spans of this name, in the order of their beginning."""
        found = [span for span in self.spans if span.name == name]
        return sorted(found, key=lambda span: int(span.start_time_unix_nano))

    def stop(self) -> None:
        """Listen no more."""
        self._server.stop(None).wait()


def attributes(holder: Any) -> dict[str, Any]:
    """The attributes of a span or a resource as plain values."""
    return {
        entry.key: getattr(entry.value, str(entry.value.WhichOneof("value")))
        for entry in holder.attributes
    }


def duration_ns(spans: Sequence[Any]) -> int:
    """How long some spans last together."""
    return sum(span.end_time_unix_nano - span.start_time_unix_nano for span in spans)
