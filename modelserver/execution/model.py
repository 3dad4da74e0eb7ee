"""A loaded version of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.memory import give_back_memory
from modelserver.execution.runner import Runner
from modelserver.metrics import Metrics

DEFAULT_SIGNATURE = "serving_default"


class Model:
    """One version of a model, ready to run.

    ``signatures`` maps names to the SavedModel's SignatureDefs. ``version`` is the number of the
    version's directory.
    """

    def __init__(
        self,
        name: str,
        version: int,
        signatures: Mapping[str, Any],
        runner: Runner,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self.version = version
        self.signatures = signatures
        self._runner = runner
        self._metrics = metrics

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline, api: str
    ) -> list[Any]:
        """Run the graph, alone or in a batch with other calls.

        ``feeds`` maps tensor names to arrays. ``fetches`` are tensor names, in the same order on
        every call. The run is cancelled when ``deadline`` passes. ``api`` labels the metrics:
        Predict, Classify and so on.

        Raise ``ServingError`` with TensorFlow's own code, with DEADLINE_EXCEEDED, or, if too many
        calls are waiting, with RESOURCE_EXHAUSTED (UNAVAILABLE when batching is enabled).
        """
        with self._metrics.runtime(self.name, api):
            return self._runner.run(feeds, fetches, deadline)

    def count_examples(self, count: int) -> None:
        """Count the examples of one request."""
        self._metrics.examples(self.name, count)

    def close(self) -> None:
        """Free the model's memory. Wait for all runs first."""
        self._runner.close()
        give_back_memory()
