"""What each version of each model answers, fails at, and how long it takes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from server.core.model import Model

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0)

MAX_VERSIONS = 32
"""So many versions, of all models, are told apart; of the longest unused the figures go."""


@dataclass(frozen=True, slots=True)
class OfVersion:
    """One version's counters: frames answered, and durations of calls in seconds."""

    results: Counter
    inference: Histogram


class VersionMetrics:
    """Figures by model and version.

    ``version`` is a number as text, or the label that was asked for where a call failed
    before it was known which version it would have been.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("model", "version")
        self._results = Counter(
            "framewire_model_results", "Frames that a version answered.", names, registry=registry
        )
        self._errors = Counter(
            "framewire_model_errors",
            "Frames that a version failed to answer, by the code of the error.",
            (*names, "code"),
            registry=registry,
        )
        self._inference = Histogram(
            "framewire_model_inference_seconds",
            "Duration of a version's Predict calls that were answered.",
            names,
            buckets=SECONDS,
            registry=registry,
        )
        self._sessions = Gauge(
            "framewire_model_sessions",
            "Open sessions by the version and label that their frames go to.",
            (*names, "label"),
            registry=registry,
        )
        self._versions: OrderedDict[tuple[str, str], OfVersion] = OrderedDict()

    def answered(self, model: str, version: int, frames: int, seconds: float) -> None:
        """A call of ``version`` was answered, ``frames`` of them with a result."""
        of_version = self._of(model, str(version))
        of_version.results.inc(frames)
        of_version.inference.observe(seconds)

    def failed(self, model: str, version: str, frames: int, code: str) -> None:
        """``frames`` got no result from ``version``."""
        self._of(model, version)
        self._errors.labels(model, version, code).inc(frames)

    def sessions(self, models: list[Model]) -> None:
        """The models of all sessions, one for each."""
        self._sessions.clear()
        for model in models:
            key = model.key
            self._sessions.labels(key.name, str(model.version), key.label or "").inc()

    def _of(self, model: str, version: str) -> OfVersion:
        found = self._versions.get((model, version))
        if found is None:
            found = self._versions[model, version] = OfVersion(
                self._results.labels(model, version), self._inference.labels(model, version)
            )
            while len(self._versions) > MAX_VERSIONS:
                self._drop(*next(iter(self._versions)))
        self._versions.move_to_end((model, version))
        return found

    def _drop(self, model: str, version: str) -> None:
        del self._versions[model, version]
        self._results.remove(model, version)
        self._inference.remove(model, version)
        self._errors.remove_by_labels({"model": model, "version": version})
