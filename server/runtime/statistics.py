"""What this process has counted: plain numbers to add to, and frozen snapshots to read.

The gateway, the dispatcher and the handlers add to :class:`Counters`, all on one
loop, so an addition takes no lock. Whoever wants to show the figures (Prometheus,
for one) takes a snapshot from ``Gateway.statistics()``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.core.balancing import BackendStatus
from server.core.lru import LRU
from server.core.messages import Dropped, Error, Result
from server.core.model import Lane, Model
from server.runtime.comparisons import Comparison, Comparisons
from server.runtime.histogram import SECONDS, Distribution, Histogram
from server.runtime.latencies import AnsweredBatch, Latencies, Latency, SignatureKey

BATCH_SIZES = (1, 2, 4, 8, 12, 16, 24, 32, 64)

MAX_VERSIONS = 32
"""Versions, of all models, that are counted one by one; the least recently used is evicted."""

OutcomeKey = tuple[str, str]
"""An outcome's type (``result``, ``dropped``, ``error``), and its reason or error code."""


@dataclass(frozen=True, slots=True)
class VersionStatistics:
    """One version of one model.

    ``version`` is a number as text, or the label that was asked for if a call failed
    before the version behind it was known. ``errors`` has frames by error code,
    ``inference_s`` the duration of the calls that were answered.
    """

    model: str
    version: str
    results: int
    errors: Mapping[str, int]
    inference_s: Distribution


@dataclass(frozen=True, slots=True)
class ModelSessions:
    """How many sessions send their frames to one version, by the label that led there."""

    model: str
    version: int
    label: str | None
    sessions: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """All figures of a gateway at one moment. Times are in seconds.

    ``sessions_rejected`` is by reason, ``requests_rejected`` by path and error code,
    ``messages_rejected`` (unusable, and without a new frame's id) by error code.
    ``outcomes`` add up to ``accepted`` once no frame is under way. ``queue_s`` and
    ``total_s`` are the ages of answered frames when their call began and ended; ``fine_age_s``
    has the latter in narrow buckets. ``moved`` counts frames that were sent to another model
    server because theirs failed. ``comparisons`` are those of a shadow; ``canary_shares`` are the
    shares of sessions that labels get if they exist, ``shadow_shares`` that of the frames that a
    label or version is compared on. ``crops_cut`` counts boxes that a second model was to get,
    ``crops`` what became of them, by reason (a result has none), and ``second_s`` is what it took
    from a frame's first answer to its result.
    """

    ready: bool
    sessions: int
    max_sessions: int
    sessions_rejected: Mapping[str, int]
    requests_rejected: Mapping[tuple[str, str], int]
    messages_rejected: Mapping[str, int]
    accepted: int
    outcomes: Mapping[OutcomeKey, int]
    moved: int
    crops_cut: int
    crops: Mapping[str, int]
    second_s: Distribution
    waiting: int
    paced_sessions: int
    calls: int
    max_calls: int
    batch_sizes: Distribution
    inference_s: Distribution
    queue_s: Distribution
    total_s: Distribution
    fine_age_s: Distribution
    latencies: Sequence[Latency]
    versions: Sequence[VersionStatistics]
    comparisons: Sequence[Comparison]
    canary_shares: Mapping[str, float]
    shadow_shares: Mapping[str, float]
    model_sessions: Sequence[ModelSessions]
    backends: Sequence[BackendStatus]


def sessions_by_model(groups: Iterable[tuple[object, int]]) -> list[ModelSessions]:
    """Return how many sessions each version has, from (model or error or None, sessions)."""
    counts: Counter[tuple[str, int, str | None]] = Counter()
    for model, sessions in groups:
        if isinstance(model, Model):
            counts[model.key.name, model.version, model.key.label] += sessions
    return [ModelSessions(*group, sessions) for group, sessions in counts.items()]


class _Version:
    """The running counts behind one :class:`VersionStatistics`."""

    __slots__ = ("errors", "inference_s", "results")

    def __init__(self) -> None:
        self.results = 0
        self.errors: Counter[str] = Counter()
        self.inference_s = Histogram(SECONDS)


@dataclass(slots=True)
class Counters:
    """The running counts of one gateway."""

    accepted: int = 0
    results: int = 0
    moved: int = 0
    crops_cut: int = 0
    crops: Counter[str] = field(default_factory=Counter)
    second_s: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    failures: Counter[OutcomeKey] = field(default_factory=Counter)
    sessions_rejected: Counter[str] = field(default_factory=Counter)
    requests_rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages_rejected: Counter[str] = field(default_factory=Counter)
    batch_sizes: Histogram = field(default_factory=lambda: Histogram(BATCH_SIZES))
    inference_s: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    latencies: Latencies = field(default_factory=Latencies)
    comparisons: Comparisons = field(default_factory=Comparisons)
    _versions: LRU[tuple[str, str], _Version] = field(
        default_factory=lambda: LRU(MAX_VERSIONS, _Version)
    )

    def outcome(self, outcome: Result | Dropped | Error) -> None:
        """Count what became of an accepted frame."""
        if isinstance(outcome, Result):
            self.results += 1
        elif isinstance(outcome, Dropped):
            self.failures["dropped", outcome.reason] += 1
        else:
            self.failures["error", outcome.code] += 1

    def without_result(
        self, lane: Lane, version: str, outcome: Dropped | Error, age_s: float
    ) -> None:
        """Count how old a frame got that went to ``version`` and has no result."""
        key = SignatureKey(lane.model.name, version, lane.signature)
        kind = "dropped" if isinstance(outcome, Dropped) else "error"
        self.latencies.failed(key, kind, age_s)

    def disconnected(self) -> None:
        """Count a frame whose session left before its outcome."""
        self.failures["dropped", "disconnected"] += 1

    def answered(self, batch: AnsweredBatch) -> None:
        """Count a batch that a model server answered."""
        seconds = batch.answered - batch.sent
        self.inference_s.observe(seconds)
        counts = self._versions.of((batch.key.model, batch.key.version))
        counts.results += batch.results
        counts.inference_s.observe(seconds)
        self.latencies.answered(batch)

    def cascaded(self, crops: Mapping[str, int], since: float, frame: AnsweredBatch | None) -> None:
        """Count what became of a frame's crops, first answered at ``since``.

        ``frame``: the frame itself, as a batch of its own; None: its session got no result.
        """
        self.crops.update(crops)
        if frame is not None:
            self.second_s.observe(frame.answered - since)
            self.latencies.answered(frame)

    def failed(self, model: str, version: str, frames: int, code: str) -> None:
        """Count ``frames`` that got no result from ``version``."""
        self._versions.of((model, version)).errors[code] += frames

    @property
    def outcomes(self) -> dict[OutcomeKey, int]:
        """All outcomes so far."""
        return {("result", ""): self.results, **self.failures}

    def snapshot(self, **others: Any) -> Statistics:
        """Return a snapshot of these figures, and of ``others``, which the gateway adds."""
        return Statistics(
            sessions_rejected=dict(self.sessions_rejected),
            requests_rejected=dict(self.requests_rejected),
            messages_rejected=dict(self.messages_rejected),
            accepted=self.accepted,
            outcomes=self.outcomes,
            moved=self.moved,
            crops_cut=self.crops_cut,
            crops=dict(self.crops),
            second_s=self.second_s.snapshot(),
            batch_sizes=self.batch_sizes.snapshot(),
            inference_s=self.inference_s.snapshot(),
            queue_s=self.latencies.queue_s.snapshot(),
            total_s=self.latencies.total_s.snapshot(),
            fine_age_s=self.latencies.fine_age_s.snapshot(),
            latencies=self.latencies.snapshot(),
            versions=self.versions,
            comparisons=self.comparisons.snapshot(),
            **others,
        )

    @property
    def versions(self) -> list[VersionStatistics]:
        """What was counted for each version."""
        return [
            VersionStatistics(
                *name, counts.results, dict(counts.errors), counts.inference_s.snapshot()
            )
            for name, counts in self._versions.items()
        ]
