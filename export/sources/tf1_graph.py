"""A TensorFlow 1 graph: run in a session, or frozen into another graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import SourceError
from export.sources.feeds import constant
from export.sources.subgraph import extract, with_unique_functions

v1 = tf.compat.v1

Feeds = Sequence[tuple[Tensor, Any]]
"""Inputs other than the images, and their constants."""


def fed_tensor(tensor: Tensor, value: Any) -> tuple[Tensor, Any]:
    """Return an input and its constant. Raise ``SourceError`` if the types do not match."""
    return tensor, constant(tensor.name, value, tensor.dtype)


class FrozenGraph:
    """The part of the graph that the outputs need, with constants, to embed in another graph."""

    def __init__(
        self, session: Any, image: Tensor, feeds: Feeds, outputs: Mapping[str, Tensor]
    ) -> None:
        self._image, self._feeds, self._outputs = image, feeds, outputs
        ends = sorted({tensor.op.name for tensor in outputs.values()})
        fed = {tensor.name: tensor.dtype for tensor in (image, *(tensor for tensor, _ in feeds))}
        graph, self._placeholders = extract(session.graph.as_graph_def(), ends, fed)
        if image.name not in self._placeholders:
            raise SourceError(f"the outputs do not depend on the image input {image.name}")
        self._graph = with_unique_functions(_freeze(session, graph, ends))
        # tf.function would add control dependencies between stateful operations. TensorFlow 1
        # loops do not allow those between operations inside and outside of a loop.
        spec = tf.TensorSpec(image.shape, image.dtype)
        self._function = v1.wrap_function(self._imported, [spec])

    def __call__(self, images: Tensor) -> Outputs:
        return dict(self._function(images))

    def _imported(self, images: Tensor) -> Outputs:
        values = {
            self._placeholders[tensor.name]: tf.constant(value)
            for tensor, value in self._feeds
            if tensor.name in self._placeholders
        }
        values[self._placeholders[self._image.name]] = images
        tensors = tf.graph_util.import_graph_def(
            self._graph,
            input_map={f"{placeholder}:0": value for placeholder, value in values.items()},
            return_elements=[tensor.name for tensor in self._outputs.values()],
            name="",
        )
        return dict(zip(self._outputs, tensors, strict=True))


class SessionGraph:
    """The whole graph as it was trained, in a session of its own."""

    def __init__(
        self, session: Any, image: Tensor, feeds: Feeds, outputs: Mapping[str, Tensor]
    ) -> None:
        self._session, self._image, self._feeds, self._outputs = session, image, feeds, outputs

    def __call__(self, images: Tensor) -> Outputs:
        feeds = {self._image: images.numpy(), **dict(self._feeds)}
        values = self._session.run(dict(self._outputs), feeds)
        return {name: tf.constant(value) for name, value in values.items()}


def _freeze(session: Any, graph: Any, ends: list[str]) -> Any:
    with session.graph.as_default():
        try:
            return v1.graph_util.convert_variables_to_constants(session, graph, ends)
        except (ValueError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[:300]
            raise SourceError(f"cannot convert the variables to constants: {reason}") from None
