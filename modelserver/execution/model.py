"""A loaded version of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.runner import Runner
from modelserver.execution.runtime import give_back_memory
from modelserver.metrics import Metrics

DEFAULT_SIGNATURE = "serving_default"


class Model:
    """One version of one model, ready to run.

    Attributes:
        name: the model's name.
        version: the number of its directory.
        signatures: SignatureDef by name, as the SavedModel has them.
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
        """Run the graph, alone or in a batch with others.

        Args:
            feeds: tensor name -> array.
            fetches: tensor names, in an order that does not differ from call to call.
            deadline: the run is cancelled when it passes.
            api: for whom the run is: Predict, Classify, and so on.

        Raises:
            ServingError: TensorFlow's own; DEADLINE_EXCEEDED; or, where too many wait,
                RESOURCE_EXHAUSTED, with batching UNAVAILABLE.
        """
        with self._metrics.runtime(self.name, api):
            return self._runner.run(feeds, fetches, deadline)

    def close(self) -> None:
        """Give its memory back. No run may be under way."""
        self._runner.close()
        give_back_memory()
