"""Open the batch of a graph that was made for a fixed number of images per call.

Training graphs often have their batch size in the placeholder, and in the shapes of reshapes. Where
nothing else depends on it, the same graph works for any number of images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import reason_of

_TOLERANCE = 1e-3
"""The largest difference, relative to the largest value of an output."""


class BatchFixed(Exception):
    """The graph only works for its own number of images; the message says why."""


def open_reshapes(definition: Any, graph: Any, image: Tensor) -> None:
    """Replace the batch size in the shapes of reshapes behind ``image`` by -1, in place.

    ``definition``: a ``GraphDef`` of a part of ``graph``, whose shapes are known because the batch
    size is.
    """
    behind = _behind(image)
    for node in list(definition.node):
        if node.op == "Reshape" and node.name in behind:
            shape = graph.get_operation_by_name(node.name).outputs[0].shape
            if shape.rank and shape.is_fully_defined() and shape[0] % image.shape[0] == 0:
                node.input[1] = _shape_node(definition, node.name, [-1, *shape[1:]])


def _shape_node(definition: Any, name: str, shape: list[int]) -> str:
    """Add a constant, and return its name."""
    node = definition.node.add(name=f"{name}/any_batch", op="Const")
    node.attr["dtype"].type = tf.int32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(shape, tf.int32))
    return node.name


def _behind(image: Tensor) -> set[str]:
    """Return the names of the operations that depend on ``image``."""
    names: set[str] = set()
    waiting = list(image.consumers())
    while waiting:
        operation = waiting.pop()
        if operation.name not in names:
            names.add(operation.name)
            waiting += [one for out in operation.outputs for one in out.consumers()]
    return names


def check_opened(
    opened: Callable[[Tensor], Outputs], reference: Callable[[Tensor], Outputs], image: Tensor
) -> None:
    """Compare the opened graph with the original, on noise. Raise ``BatchFixed`` if they differ."""
    count = image.shape[0]
    noise = _noise(image)
    expected = reference(tf.constant(noise))
    for size in (1, count + 1):
        some = np.arange(size) % count
        try:
            actual = opened(tf.constant(noise[some]))
        except (ValueError, tf.errors.OpError) as error:
            raise BatchFixed(reason_of(error)) from None
        for name, values in expected.items():
            _check(name, actual[name].numpy(), values.numpy(), some)


def _noise(image: Tensor) -> np.ndarray:
    random = np.random.default_rng(0).random(image.shape.as_list())
    scale = 1 if image.dtype.is_floating else 255
    return np.asarray(random * scale).astype(image.dtype.as_numpy_dtype)


def _check(name: str, actual: np.ndarray, expected: np.ndarray, some: np.ndarray) -> None:
    """Compare one output: it must have a row for each image that depends on that image alone."""
    if not expected.ndim or len(expected) <= some.max() or len(actual) != len(some):
        raise BatchFixed(f"{name} does not have a row for each image")
    rows = expected[some]
    if rows.shape != actual.shape:
        raise BatchFixed(f"{name} has another shape in other batches")
    if rows.dtype.kind not in "fiu":
        same = bool((rows == actual).all())
    else:
        largest = max(1.0, float(np.abs(rows).max(initial=0.0)))
        same = bool(np.abs(rows - actual).max(initial=0.0) <= _TOLERANCE * largest)
    if not same:
        raise BatchFixed(
            f"{name} for an image depends on the others in its batch (batch normalization in "
            "training mode?)"
        )
