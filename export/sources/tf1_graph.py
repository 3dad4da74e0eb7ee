"""A TensorFlow 1 graph: run in a session, or frozen into another graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import SourceError, reason_of
from export.sources import tf1_tables
from export.sources.feeds import shaped_constant
from export.sources.subgraph import changes_variable, extract, with_unique_functions
from export.sources.tf1_batch import BatchFixed, open_reshapes

v1 = tf.compat.v1

Feeds = Sequence[tuple[Tensor, Any]]
"""Inputs other than the images, and their constants."""


def fed_tensor(tensor: Tensor, value: Any) -> tuple[Tensor, Any]:
    """Return an input and its constant. Raise ``SourceError`` if they do not match."""
    return tensor, shaped_constant(tensor.name, value, tensor)


class FrozenGraph:
    """The part of the graph that the outputs need, with constants, to embed in another graph."""

    def __init__(
        self,
        session: Any,
        image: Tensor,
        feeds: Feeds,
        outputs: Mapping[str, Tensor],
        open_batch: bool = False,
    ) -> None:
        """``open_batch``: accept any number of images, where the graph has a fixed number.

        ``tables``: copies of the lookup tables, which must live as long as this object. Raise
        ``BatchFixed`` if the graph cannot be built like that.
        """
        self._image, self._feeds, self._outputs = image, feeds, outputs
        ends = sorted({tensor.op.name for tensor in outputs.values()})
        fed = {tensor.name: tensor.dtype for tensor in (image, *(tensor for tensor, _ in feeds))}
        definition = session.graph.as_graph_def()
        self.tables = tf1_tables.copies(session, definition, ends, fed)
        fed |= dict.fromkeys(self.tables, tf.resource)
        graph, self._placeholders = extract(definition, ends, fed, without_updates=True)
        update = next((node for node in graph.node if changes_variable(node)), None)
        if update is not None:
            raise SourceError(
                f"the outputs use the result of {update.name}, which changes a variable: this "
                "graph is for training; use the graph that was built for inference"
            )
        if image.name not in self._placeholders:
            raise SourceError(f"the outputs do not depend on the image input {image.name}")
        frozen = _freeze(session, graph, ends)
        if open_batch:
            open_reshapes(frozen, session.graph, image)
        self._graph = with_unique_functions(frozen)
        self._function = self._rebuilt(open_batch)

    def _rebuilt(self, open_batch: bool) -> Any:
        """Return the graph as a function of the images."""
        # tf.function would add control dependencies between stateful operations. TensorFlow 1
        # loops do not allow those between operations inside and outside of a loop.
        shape = [None, *self._image.shape[1:]] if open_batch else self._image.shape
        try:
            return v1.wrap_function(self._imported, [tf.TensorSpec(shape, self._image.dtype)])
        except ValueError as error:
            if open_batch:
                raise BatchFixed(reason_of(error)) from None
            raise SourceError(f"cannot rebuild the graph: {reason_of(error)}") from None

    def __call__(self, images: Tensor) -> Outputs:
        return dict(self._function(images))

    def _imported(self, images: Tensor) -> Outputs:
        values = {
            self._placeholders[tensor.name]: tf.constant(value)
            for tensor, value in self._feeds
            if tensor.name in self._placeholders
        }
        values[self._placeholders[self._image.name]] = images
        for name, table in self.tables.items():
            values[self._placeholders[name]] = tf.identity(table.resource_handle)
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
        """Run the graph, as often as its batch size needs; the last batch is filled up."""
        values = images.numpy()
        size = self._batch or max(1, len(values))
        parts = [self._run(values[at : at + size], size) for at in range(0, len(values), size)]
        if len(parts) == 1:
            return {name: tf.constant(value) for name, value in parts[0].items()}
        return {name: tf.concat([part[name] for part in parts], 0) for name in self._outputs}

    @property
    def _batch(self) -> int | None:
        """The number of images per call, if the graph has it in its input."""
        shape = self._image.shape
        return shape[0] if shape.rank else None

    def _run(self, images: np.ndarray, size: int) -> dict[str, np.ndarray]:
        count = len(images)
        filled = images if count == size else images[np.arange(size) % count]
        found = self._session.run(dict(self._outputs), {self._image: filled, **dict(self._feeds)})
        return found if count == size else {name: rows[:count] for name, rows in found.items()}


def _freeze(session: Any, graph: Any, ends: list[str]) -> Any:
    with session.graph.as_default():
        try:
            return v1.graph_util.convert_variables_to_constants(session, graph, ends)
        except (ValueError, tf.errors.OpError) as error:
            raise SourceError(
                f"cannot convert the variables to constants: {reason_of(error)}"
            ) from None
