"""A version's directory -> a warm `Model`, with the seconds that it took."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from modelserver.batching.batcher import BatchRunner, BatchThreads
from modelserver.execution import saved_model
from modelserver.execution.concurrency import Turns
from modelserver.execution.model import Model
from modelserver.execution.runner import Runner, TurnRunner
from modelserver.lifecycle import background
from modelserver.lifecycle.manager import Loaded
from modelserver.lifecycle.warmup import MANY, warm_up
from modelserver.metrics import Metrics
from modelserver.options.batching import PER_MODEL_FILE, BatchingParameters
from modelserver.options.batching import read as read_parameters


class LoaderSettings(NamedTuple):
    """How versions are loaded and run.

    tags: of the graph. config: the sessions' ConfigProto. calls_at_once, max_waiting: see `Turns`.
    warm_up_iterations: runs of each warm-up record; 0 for no warm-up at all. batching: how calls
    are put together; None for not at all. batching_per_model: a version's own file says how, and
    one without the file is not batched.
    """

    tags: Sequence[str]
    config: Any
    calls_at_once: int
    max_waiting: int
    warm_up_iterations: int
    batching: BatchingParameters | None = None
    batching_per_model: bool = False


class Loader:
    """Loads versions, for a `Manager`. Called from its loading threads.

    Attributes:
        others_first: whether there are calls that a warm-up must not hold up.
    """

    def __init__(self, metrics: Metrics, settings: LoaderSettings) -> None:
        self.others_first = False
        self._metrics = metrics
        self._settings = settings
        self._turns: dict[str, Turns] = {}
        batching = settings.batching
        self._batch_threads = BatchThreads(batching.threads, metrics) if batching else None

    def load(self, name: str, number: int, path: str) -> Loaded:
        """Load and warm up a version.

        Raises:
            ServingError: it cannot be loaded, or a request that it brought for its warm-up fails.
        """
        started = time.monotonic()
        batching = self._batching_of(path)
        saved = saved_model.load(path, self._settings.tags, self._settings.config)
        runner = self._runner(TurnRunner(saved.session, self._turns_of(name)), batching)
        model = Model(name, number, saved.signatures, runner, self._metrics)
        loaded = time.monotonic()
        try:
            self._warm_up(model, saved.changing, path, batching)
        except BaseException:
            model.close()
            raise
        return Loaded(model, loaded - started, time.monotonic() - loaded)

    def stop(self) -> None:
        """Run no more batches."""
        if self._batch_threads is not None:
            self._batch_threads.stop()

    def _runner(self, alone: TurnRunner, batching: BatchingParameters | None) -> Runner:
        if batching is None or self._batch_threads is None:
            return alone
        return BatchRunner(self._batch_threads, batching, alone)

    def _warm_up(
        self,
        model: Model,
        changing: frozenset[str],
        path: str,
        batching: BatchingParameters | None,
    ) -> None:
        if not self._settings.warm_up_iterations:
            return
        several = min(MANY, batching.batch_size) if batching else MANY
        work = partial(
            warm_up, model, path, self._settings.warm_up_iterations, (1, several), changing
        )
        with self._metrics.warm_up(path):
            background.run(work) if self.others_first else work()

    def _batching_of(self, path: str) -> BatchingParameters | None:
        batching = self._settings.batching
        if batching is None or not self._settings.batching_per_model:
            return batching
        file = os.path.join(path, PER_MODEL_FILE)
        return read_parameters(file, batching) if os.path.exists(file) else None

    def _turns_of(self, name: str) -> Turns:
        """All versions of a model share one queue, so that a switch does not double the load."""
        settings = self._settings
        return self._turns.setdefault(name, Turns(settings.calls_at_once, settings.max_waiting))
