"""Sampled frames as OpenTelemetry traces, exported by OTLP over gRPC.

A sampled frame is a span with five children:

* ``receive``: from its first bytes to the last;
* ``wait``: until its batch is taken;
* ``call``: decoding or serializing the batch, and the Predict call;
* ``answer``: from the response to the frame's outcome;
* ``write``: encoding the outcome and handing it to the socket.

A batch with sampled frames is a span of its own, below the ``call`` of the first of them. It has
a link to each of these frames, and each ``call`` has a link to it. Its trace context goes on to
the model server, as ``traceparent`` in the call's metadata.

A frame that brings a trace context is sampled if that is, up to ``MOST_PER_S`` of these; of the
others, a share is.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from server.backend.interface import Backend, Inference, traceparent
from server.core.bucket import TokenBucket
from server.core.messages import Dropped, Error, Frame, Outcome, Result
from server.core.model import Lane
from server.core.tracecontext import TraceContext
from server.runtime.tracing import Arrival
from server.version import VERSION

MOST_PER_S, BURST = 100.0, 100
EXPORT_TIMEOUT_S = 5.0
_DIRECT = (("grpc.enable_http_proxy", 0),)
"""A collector without TLS is in the gateway's own network; a proxy in the environment is not."""


class OpenTelemetryTracer:
    """Follows a ``share`` of the frames, and those whose clients ask for it."""

    def __init__(self, endpoint: str, share: float) -> None:
        self._share = share
        self._requested = TokenBucket(MOST_PER_S, BURST)
        resource = Resource.create({SERVICE_NAME: "framewire", SERVICE_VERSION: VERSION})
        self._provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        channel: Any = _DIRECT if endpoint.startswith("http:") else None
        exporter = OTLPSpanExporter(endpoint, timeout=EXPORT_TIMEOUT_S, channel_options=channel)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._spans = self._provider.get_tracer("framewire", VERSION)

    def samples(self, frame: Frame, now: float) -> bool:
        """Return whether to follow a frame that has just arrived."""
        if frame.traceparent is not None:
            return frame.traceparent.sampled and self._requested.allows(now)
        return random.random() < self._share

    def follow(self, arrival: Arrival) -> FrameSpans:
        """Return what follows a frame."""
        return FrameSpans(self._spans, arrival)

    def traced(self, backend: Backend) -> TracedBackend:
        """Return ``backend``, whose batches are followed as well."""
        return TracedBackend(backend, self._spans)

    def close(self) -> None:
        """Export what has ended. Blocks for ``EXPORT_TIMEOUT_S`` at most."""
        # The provider itself waits for half a minute if nothing takes what is left.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(EXPORT_TIMEOUT_S)


class FrameSpans:
    """The spans of one frame."""

    def __init__(self, spans: Any, arrival: Arrival) -> None:
        self._spans = spans
        self._clock_ns = time.time_ns() - time.monotonic_ns()
        self._received = arrival.received
        self._waits = True
        self._answered: float | None = None  # None: no call has ended
        self._resolved = arrival.received
        self._span: Span = spans.start_span(
            "frame",
            _above(arrival.parent),
            SpanKind.SERVER,
            _of_frame(arrival),
            start_time=self.ns(arrival.began),
        )
        self._context = set_span_in_context(self._span)
        self._child("receive", arrival.began, arrival.received)

    @property
    def context(self) -> SpanContext:
        """The trace context of the frame's span."""
        return self._span.get_span_context()

    def ns(self, at: float) -> int:
        """Return a time as spans have it: nanoseconds since 1970."""
        return int(at * 1e9) + self._clock_ns

    def start_call(self, began: float) -> Span:
        """Return the span of a call that has begun, with this frame in its batch."""
        self._end_waiting(began)
        span: Span = self._spans.start_span("call", self._context, start_time=self.ns(began))
        return span

    def end_call(self, call: Span, ended: float) -> None:
        """End the span of a call."""
        call.end(self.ns(ended))
        self._answered = ended

    def resolved(self) -> None:
        """Note that its outcome is known, and is about to be sent."""
        self._resolved = time.monotonic()
        self._end_waiting(self._resolved)
        if self._answered is not None:
            self._child("answer", self._answered, self._resolved)

    def end(self, outcome: Outcome | None) -> None:
        """Note that its outcome has been sent; None: its session is gone."""
        now = time.monotonic()
        self._end_waiting(now)
        if outcome is not None:
            self._child("write", self._resolved, now)
        self._span.set_attributes(_of_outcome(outcome))
        if isinstance(outcome, Error):
            self._span.set_status(StatusCode.ERROR, outcome.code)
        self._span.end(self.ns(now))

    def _end_waiting(self, now: float) -> None:
        if self._waits:
            self._waits = False
            self._child("wait", self._received, now)

    def _child(self, name: str, began: float, ended: float) -> None:
        span = self._spans.start_span(name, self._context, start_time=self.ns(began))
        span.end(self.ns(ended))


class BatchSpans:
    """The span of a batch, and the ``call`` of each sampled frame in it."""

    def __init__(self, spans: Any, frames: Sequence[FrameSpans], lane: Lane, size: int) -> None:
        self._frames = frames
        self._ended: float | None = None
        began = time.monotonic()
        self._calls = [frame.start_call(began) for frame in frames]
        self._span: Span = spans.start_span(
            "batch",
            set_span_in_context(self._calls[0]),
            SpanKind.CLIENT,
            {**_of_lane(lane), "framewire.batch.size": size},
            [Link(frame.context) for frame in frames],
            frames[0].ns(began),
        )
        context = self._span.get_span_context()
        for call in self._calls:
            call.add_link(context)
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"

    def answered(self, inference: Inference) -> None:
        """Note which version answered, and when."""
        self._span.set_attribute("framewire.version", inference.model_version)
        if inference.timing is not None:
            self._ended = inference.timing.received

    def failed(self, error: Exception) -> None:
        """Note why there is no answer."""
        self._span.set_status(StatusCode.ERROR, type(error).__name__)

    def end(self) -> None:
        """End all of them."""
        ended = time.monotonic() if self._ended is None else self._ended
        for frame, call in zip(self._frames, self._calls, strict=True):
            frame.end_call(call, ended)
        self._span.end(self._frames[0].ns(ended))


class TracedBackend:
    """A backend whose batches are followed if one of their frames is."""

    def __init__(self, backend: Backend, spans: Any) -> None:
        self._backend = backend
        self._spans = spans
        self.discover = backend.discover
        self.cut = backend.cut
        self.watch = backend.watch
        self.close = backend.close

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, call: object = None
    ) -> Inference:
        """Send one Predict call, with a trace context if one of its frames is followed."""
        followed = [frame.trace for frame in frames if frame.trace is not None]
        if not followed:
            return await self._backend.infer(lane, frames, timeout_s, call)
        batch = BatchSpans(self._spans, followed, lane, len(frames))
        token = traceparent.set(batch.traceparent)
        try:
            inference = await self._backend.infer(lane, frames, timeout_s, call)
            batch.answered(inference)
            return inference
        except Exception as error:
            batch.failed(error)
            raise
        finally:
            traceparent.reset(token)
            batch.end()


def _above(parent: TraceContext | None) -> Any:
    """Return OpenTelemetry's context below ``parent``; None: of a new trace."""
    if parent is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    context = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(context))


def _of_lane(lane: Lane) -> dict[str, str | int]:
    label = {"framewire.label": lane.model.label} if lane.model.label is not None else {}
    return {"framewire.model": lane.model.name, "framewire.signature": lane.signature, **label}


def _of_frame(arrival: Arrival) -> Mapping[str, str | int]:
    frame = arrival.frame
    return {
        **_of_lane(arrival.lane),
        "framewire.session": arrival.session,
        "framewire.frame.id": str(frame.id),  # which may be larger than 63 bits
        "framewire.frame.format": frame.format,
        "framewire.frame.bytes": len(frame.data),
        "framewire.frame.width": frame.width,
        "framewire.frame.height": frame.height,
    }


def _of_outcome(outcome: Outcome | None) -> Mapping[str, str | int]:
    if isinstance(outcome, Result):
        return {
            "framewire.outcome": "result",
            "framewire.version": outcome.model_version,
            "framewire.batch.size": outcome.batch,
        }
    if isinstance(outcome, Error):
        return {"framewire.outcome": "error", "framewire.reason": outcome.code}
    reason = outcome.reason if isinstance(outcome, Dropped) else "disconnected"
    return {"framewire.outcome": "dropped", "framewire.reason": reason}
