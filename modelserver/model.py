"""A loaded version of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelserver.graphsession import GraphSession
from modelserver.metrics import Metrics
from modelserver.runtime import give_back_memory
from modelserver.tensors import Array
from modelserver.turns import Deadline, Turns, time_left

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
        graph_session: GraphSession,
        signatures: Mapping[str, Any],
        turns: Turns,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self.version = version
        self.signatures = signatures
        self._graph_session = graph_session
        self._turns = turns
        self._metrics = metrics

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline, api: str
    ) -> list[Any]:
        """Wait for a turn, then run the graph.

        Args:
            feeds: tensor name -> array.
            fetches: tensor names, in an order that does not differ from call to call.
            deadline: monotonic seconds; the run is cancelled when they are reached.
            api: for whom the run is: Predict, Classify, and so on.

        Raises:
            ServingError: TensorFlow's own, RESOURCE_EXHAUSTED or DEADLINE_EXCEEDED.
        """
        with self._metrics.runtime(self.name, api), self._turns.take(deadline):
            return self._graph_session.run(feeds, fetches, time_left(deadline))

    def close(self) -> None:
        """Give its memory back. No run may be under way."""
        self._graph_session.close()
        give_back_memory()
