"""Load a version's directory into a warm model."""

from __future__ import annotations

import os
import time
from functools import partial

from modelserver.batching.batcher import BatchRunner, BatchThreads
from modelserver.execution import saved_model
from modelserver.execution.concurrency import ConcurrencyLimiter
from modelserver.execution.memory import give_back_memory
from modelserver.execution.model import Model
from modelserver.execution.runner import DirectRunner, Runner
from modelserver.lifecycle import background
from modelserver.lifecycle.manager import Loaded
from modelserver.lifecycle.warmup import MANY, warm_up
from modelserver.metrics import Metrics
from modelserver.options.batching import PER_MODEL_FILE, BatchingParameters
from modelserver.options.batching import read as read_parameters
from modelserver.options.components import LoaderOptions


class Loader:
    """Loads versions for a ``Manager``, on its load threads.

    Set ``others_first`` once calls arrive: warm-up then runs at low priority.
    """

    def __init__(self, metrics: Metrics, options: LoaderOptions) -> None:
        self.others_first = False
        self._metrics = metrics
        self._options = options
        self._limiters: dict[str, ConcurrencyLimiter] = {}
        batching = options.batching
        self._batch_threads = BatchThreads(batching.threads, metrics) if batching else None

    def load(self, name: str, number: int, path: str) -> Loaded:
        """Load a version and warm it up.

        Raise ``ServingError`` if it cannot be loaded, or if one of its recorded warm-up requests
        fails.
        """
        started = time.monotonic()
        batching = self._batching_of(path)
        with self._metrics.load(path):
            saved = saved_model.load(path, self._options.tags, self._options.config)
        runner = self._runner(DirectRunner(saved.session, self._limiter_of(name)), batching)
        model = Model(name, number, saved.signatures, runner, self._metrics)
        loaded = time.monotonic()
        try:
            self._warm_up(model, saved.changing, path, batching)
        except BaseException:
            model.close()
            raise
        give_back_memory()  # of which loading and the first calls need more than all later ones
        return Loaded(model, loaded - started, time.monotonic() - loaded)

    def stop(self) -> None:
        """Run no more batches."""
        if self._batch_threads is not None:
            self._batch_threads.stop()

    def _runner(self, direct: DirectRunner, batching: BatchingParameters | None) -> Runner:
        if batching is None or self._batch_threads is None:
            return direct
        return BatchRunner(self._batch_threads, batching, direct)

    def _warm_up(
        self,
        model: Model,
        changing: frozenset[str],
        path: str,
        batching: BatchingParameters | None,
    ) -> None:
        if not self._options.warm_up_iterations:
            return
        several = min(MANY, batching.batch_size) if batching else MANY
        work = partial(
            warm_up, model, path, self._options.warm_up_iterations, (1, several), changing
        )
        with self._metrics.warm_up(path):
            background.run(work) if self.others_first else work()

    def _batching_of(self, path: str) -> BatchingParameters | None:
        batching = self._options.batching
        if batching is None or not self._options.batching_per_model:
            return batching
        file = os.path.join(path, PER_MODEL_FILE)
        return read_parameters(file, batching) if os.path.exists(file) else None

    def _limiter_of(self, name: str) -> ConcurrencyLimiter:
        """Return the limiter that all versions of a model share, so that a switch does not double
        the load.
        """
        options = self._options
        return self._limiters.setdefault(
            name, ConcurrencyLimiter(options.calls_at_once, options.max_waiting)
        )
