"""A graph of TensorFlow 1 in a session, as it runs there, and with constants for its variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from export.errors import SourceError
from export.sources.feeds import constant
from export.sources.source import Outputs, Tensor
from export.sources.subgraph import cut, with_own_functions

v1 = tf.compat.v1

Fed = Sequence[tuple[Tensor, Any]]
"""Other inputs than the pictures, and the constants that they get."""


def fed_tensor(tensor: Tensor, value: Any) -> tuple[Tensor, Any]:
    """An input and its constant, of the input's type. Raises SourceError if it cannot be."""
    return tensor, constant(tensor.name, value, tensor.dtype)


class Frozen:
    """The cut graph with constants, as a part of another graph."""

    def __init__(
        self, session: Any, picture: Tensor, fed: Fed, outputs: Mapping[str, Tensor]
    ) -> None:
        self._picture, self._fed, self._outputs = picture, fed, outputs
        ends = sorted({tensor.op.name for tensor in outputs.values()})
        given = {tensor.name: tensor.dtype for tensor in (picture, *(each for each, _ in fed))}
        graph, self._places = cut(session.graph.as_graph_def(), ends, given)
        if picture.name not in self._places:
            raise SourceError(f"the outputs do not depend on {picture.name}, which takes pictures")
        self._graph = with_own_functions(_freeze(session, graph, ends))
        # A tf.function would put stateful operations in an order, which loops of TensorFlow 1 do
        # not bear: it would tie what is in a loop to what is outside.
        spec = tf.TensorSpec(picture.shape, picture.dtype)
        self._function = v1.wrap_function(self._imported, [spec])

    def __call__(self, pictures: Tensor) -> Outputs:
        return dict(self._function(pictures))

    def _imported(self, pictures: Tensor) -> Outputs:
        fed = {
            self._places[tensor.name]: tf.constant(value)
            for tensor, value in self._fed
            if tensor.name in self._places
        }
        fed[self._places[self._picture.name]] = pictures
        names = [tensor.name for tensor in self._outputs.values()]
        found = tf.graph_util.import_graph_def(
            self._graph,
            input_map={f"{place}:0": value for place, value in fed.items()},
            return_elements=names,
            name="",
        )
        return dict(zip(self._outputs, found, strict=True))


class Running:
    """The whole graph as it was trained, in a session of its own."""

    def __init__(
        self, session: Any, picture: Tensor, fed: Fed, outputs: Mapping[str, Tensor]
    ) -> None:
        self._session, self._picture, self._fed, self._outputs = session, picture, fed, outputs

    def __call__(self, pictures: Tensor) -> Outputs:
        feeds = {self._picture: pictures.numpy(), **dict(self._fed)}
        found = self._session.run(dict(self._outputs), feeds)
        return {name: tf.constant(value) for name, value in found.items()}


def _freeze(session: Any, graph: Any, ends: list[str]) -> Any:
    with session.graph.as_default():
        try:
            return v1.graph_util.convert_variables_to_constants(session, graph, ends)
        except (ValueError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[:300]
            raise SourceError(f"cannot make constants of the variables: {reason}") from None
