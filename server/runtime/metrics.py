"""A gateway's statistics in Prometheus' text format. docs/operations.md explains each metric."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from server.core.balancing import BACKEND_STATES
from server.runtime.histogram import Distribution
from server.runtime.statistics import Statistics
from server.version import VERSION

CONTENT_TYPE = CONTENT_TYPE_LATEST

_VERSION = ("model", "version")
_SIGNATURE = (*_VERSION, "signature")
_COMPARISON = (*_VERSION, "candidate")


class Source(Protocol):
    """Anything with statistics to show: a gateway."""

    def statistics(self) -> Statistics:
        """Return a snapshot of all figures."""


class Metrics:
    """What an operator sees at /metrics: the figures of ``source``, and of the process."""

    def __init__(self, source: Source) -> None:
        self.registry = CollectorRegistry()
        # Memory, processor time and open files under the names that every exporter uses.
        ProcessCollector(registry=self.registry)
        self.registry.register(StatisticsCollector(source.statistics))

    async def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class StatisticsCollector(Collector):
    """Turns a snapshot of ``statistics`` into metric families each time Prometheus asks."""

    def __init__(self, statistics: Callable[[], Statistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        statistics = self._statistics()
        yield _build_info()
        yield from _sessions(statistics)
        yield from _frames(statistics)
        yield from _calls(statistics)
        yield from _versions(statistics)
        yield from _latencies(statistics)
        yield from _comparisons(statistics)
        yield from _backends(statistics)


def _build_info() -> Metric:
    text = "1; its labels say what runs."
    info = GaugeMetricFamily("framewire_build_info", text, labels=("version", "python"))
    info.add_metric((VERSION, platform.python_version()), 1)
    return info


def _sessions(now: Statistics) -> Iterator[Metric]:
    yield _gauge("ready", "1 while frames of the default model can be answered.", now.ready)
    yield _gauge("sessions", "Open sessions.", now.sessions)
    yield _gauge("sessions_limit", "Open sessions at most (max_sessions).", now.max_sessions)
    text = "Sessions that are advised to send fewer frames."
    yield _gauge("sessions_paced", text, now.paced_sessions)
    rejected = _counter("sessions_refused", "Sessions that were rejected.", "reason")
    for reason, count in now.sessions_rejected.items():
        rejected.add_metric((reason,), count)
    yield rejected
    text = "Handshakes, uploads and logins rejected because of their origin, token or sender."
    requests = _counter("refused_requests", text, "path", "code")
    for labels, count in now.requests_rejected.items():
        requests.add_metric(labels, count)
    yield requests


def _frames(now: Statistics) -> Iterator[Metric]:
    accepted = _counter("frames_accepted", "Accepted frames.")
    accepted.add_metric((), now.accepted)
    yield accepted
    text = (
        "Outcomes of accepted frames. A result has no reason; "
        "disconnected: its session left before the outcome."
    )
    frames = _counter("frames", text, "outcome", "reason")
    for labels, count in now.outcomes.items():
        frames.add_metric(labels, count)
    yield frames
    text = "Messages that were unusable and named no new frame."
    messages = _counter("refused_messages", text, "code")
    for code, count in now.messages_rejected.items():
        messages.add_metric((code,), count)
    yield messages
    yield _gauge("frames_waiting", "Frames waiting for a batch.", now.waiting)
    text = "Frames that were sent to another model server because theirs failed."
    moved = _counter("frames_moved", text)
    moved.add_metric((), now.moved)
    yield moved
    cut = _counter("crops_cut", "Boxes that were to be cut out for a second model.")
    cut.add_metric((), now.crops_cut)
    yield cut
    crops = _counter("crops", "What became of these boxes. An answer has no reason.", "reason")
    for reason, count in now.crops.items():
        crops.add_metric((reason,), count)
    yield crops


def _calls(now: Statistics) -> Iterator[Metric]:
    yield _gauge("calls", "Predict calls under way.", now.calls)
    yield _gauge("calls_limit", "Predict calls that may be under way now.", now.max_calls)
    for name, text, distribution in (
        ("batch_size", "Frames in a Predict call, counted at its end.", now.batch_sizes),
        ("inference_seconds", "Duration of a Predict call.", now.inference_s),
        ("queue_seconds", "From a frame's arrival to its Predict call.", now.queue_s),
        ("total_seconds", "From a frame's arrival to its result.", now.total_s),
        (
            "second_model_seconds",
            "From a frame's first answer to that of a second model.",
            now.second_s,
        ),
    ):
        histogram = _histogram(name, text)
        _add(histogram, (), distribution)
        yield histogram


def _versions(now: Statistics) -> Iterator[Metric]:
    results = _counter("model_results", "Frames that a version answered.", *_VERSION)
    text = "Frames that a version failed to answer, by error code."
    errors = _counter("model_errors", text, *_VERSION, "code")
    text = "Duration of a version's Predict calls that were answered."
    inference = _histogram("model_inference_seconds", text, *_VERSION)
    for counted in now.versions:
        labels = (counted.model, counted.version)
        results.add_metric(labels, counted.results)
        for code, count in counted.errors.items():
            errors.add_metric((*labels, code), count)
        _add(inference, labels, counted.inference_s)
    text = "Open sessions by the version and label that their frames go to."
    sessions = GaugeMetricFamily("framewire_model_sessions", text, labels=(*_VERSION, "label"))
    for group in now.model_sessions:
        sessions.add_metric((group.model, str(group.version), group.label or ""), group.sessions)
    text = "Share of the sessions that a label of the canary gets if it exists, 0 to 1."
    shares = GaugeMetricFamily("framewire_canary_share", text, labels=("label",))
    for label, share in now.canary_shares.items():
        shares.add_metric((label,), share)
    yield from (results, errors, inference, sessions, shares)


def _latencies(now: Statistics) -> Iterator[Metric]:
    text = "From a frame's arrival to its outcome, if a model was there to take it."
    ages = _histogram("frame_age_seconds", text, *_SIGNATURE, "outcome")
    text = "Where the time of frames with a result goes."
    stages = _histogram("stage_seconds", text, *_SIGNATURE, "stage")
    text = "Duration of a Predict call beyond what the model server reports for it."
    transport = _histogram("transport_seconds", text, *_SIGNATURE)
    for latency in now.latencies:
        for outcome, distribution in latency.age_s.items():
            _add(ages, (*latency.key, outcome), distribution)
        for stage, distribution in latency.stages_s.items():
            _add(stages, (*latency.key, stage), distribution)
        _add(transport, latency.key, latency.transport_s)
    yield from (ages, stages, transport)


def _comparisons(now: Statistics) -> Iterator[Metric]:
    text = "Frames chosen for the shadow: compared, skipped, unsupported, or an error code."
    frames = _counter("shadow_frames", text, *_COMPARISON, "outcome")
    text = "Objects that both versions found (paired), or only one of them (missed, added)."
    objects = _counter("shadow_objects", text, *_COMPARISON, "class", "verdict")
    text = "How far the candidate's answer to a frame agrees with the version's, 0 to 1."
    shares = _histogram("shadow_agreement", text, *_COMPARISON)
    ious = _histogram(
        "shadow_iou", "Similarity of paired objects: IoU, OKS or cosine.", *_COMPARISON
    )
    text = "How far the scores of paired objects differ."
    shifts = _histogram("shadow_score_shift", text, *_COMPARISON, "direction")
    text = "Duration of Predict calls with a single frame that was compared."
    calls = _histogram("shadow_call_seconds", text, *_COMPARISON, "whose")
    text = "Share of the answered frames that a candidate may get as a shadow, 0 to 1."
    chosen = GaugeMetricFamily("framewire_shadow_share", text, labels=("candidate",))
    for candidate, share in now.shadow_shares.items():
        chosen.add_metric((candidate,), share)
    for pair in now.comparisons:
        for outcome, count in pair.frames.items():
            frames.add_metric((*pair.key, outcome), count)
        for (kind, verdict), count in pair.objects.items():
            objects.add_metric((*pair.key, kind, verdict), count)
        _add(shares, pair.key, pair.share)
        _add(ious, pair.key, pair.iou)
        for direction, distribution in pair.shift.items():
            _add(shifts, (*pair.key, direction), distribution)
        for whose, distribution in pair.call_s.items():
            _add(calls, (*pair.key, whose), distribution)
    yield from (chosen, frames, objects, shares, ious, shifts, calls)


def _backends(now: Statistics) -> Iterator[Metric]:
    labels = ("backend",)
    text = "1 for the state that a model server is in."
    states = GaugeMetricFamily("framewire_backend_state", text, labels=("backend", "state"))
    text = "Predict calls under way at a model server."
    calls = GaugeMetricFamily("framewire_backend_calls", text, labels=labels)
    text = "Predict calls that may be under way there now."
    limits = GaugeMetricFamily("framewire_backend_calls_limit", text, labels=labels)
    frames = _counter("backend_frames", "Frames that a model server answered.", *labels)
    for backend in now.backends:
        for state in BACKEND_STATES:
            states.add_metric((backend.address, state), float(state == backend.state))
        calls.add_metric((backend.address,), backend.calls)
        limits.add_metric((backend.address,), backend.max_calls)
        frames.add_metric((backend.address,), backend.frames)
    yield from (states, calls, limits, frames)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"framewire_{name}", text, value=value)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"framewire_{name}", text, labels=labels)


def _histogram(name: str, text: str, *labels: str) -> HistogramMetricFamily:
    return HistogramMetricFamily(f"framewire_{name}", text, labels=labels)


def _add(family: HistogramMetricFamily, labels: Sequence[str], values: Distribution) -> None:
    """Add a distribution with its counts by upper bound cumulated, as Prometheus wants them."""
    bounds = [*map(floatToGoString, values.bounds), "+Inf"]
    buckets = list(zip(bounds, itertools.accumulate(values.counts), strict=True))
    family.add_metric(labels, buckets, values.total)
