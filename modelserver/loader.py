"""A version's directory -> a warm `Model`, with the seconds that it took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from modelserver import savedmodel
from modelserver.manager import Loaded
from modelserver.metrics import Metrics
from modelserver.model import Model
from modelserver.turns import Turns
from modelserver.warmup import warm_up


class LoaderSettings(NamedTuple):
    """How versions are loaded and run.

    tags: of the graph. config: the sessions' ConfigProto. calls_at_once, max_waiting: see `Turns`.
    warm_up_iterations: runs of each warm-up record; 0 for no warm-up at all.
    """

    tags: Sequence[str]
    config: Any
    calls_at_once: int
    max_waiting: int
    warm_up_iterations: int


class Loader:
    """Loads versions, for a `Manager`. Called from its loading threads."""

    def __init__(self, metrics: Metrics, settings: LoaderSettings) -> None:
        self._metrics = metrics
        self._settings = settings
        self._turns: dict[str, Turns] = {}

    def load(self, name: str, number: int, path: str) -> Loaded:
        """Load and warm up a version.

        Raises:
            ServingError: it cannot be loaded, or a request that it brought for its warm-up fails.
        """
        started = time.monotonic()
        session, signatures = savedmodel.load(path, self._settings.tags, self._settings.config)
        model = Model(name, number, session, signatures, self._turns_of(name), self._metrics)
        loaded = time.monotonic()
        try:
            self._warm_up(model, path)
        except BaseException:
            model.close()
            raise
        return Loaded(model, loaded - started, time.monotonic() - loaded)

    def _warm_up(self, model: Model, path: str) -> None:
        if self._settings.warm_up_iterations:
            with self._metrics.warm_up(path):
                warm_up(model, path, self._settings.warm_up_iterations)

    def _turns_of(self, name: str) -> Turns:
        """All versions of a model share one queue, so that a switch does not double the load."""
        settings = self._settings
        return self._turns.setdefault(name, Turns(settings.calls_at_once, settings.max_waiting))
