"""The input of Classify, Regress and MultiInference: a list of tf.Examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.model import DEFAULT_SIGNATURE, Model
from modelserver.status import invalid


class Binding(NamedTuple):
    """The tensors of a signature that takes examples: one input, one or more outputs."""

    input_name: str
    output_names: tuple[str, ...]


def find_signature(model: Model, name: str) -> Any:
    """Return the SignatureDef that a ModelSpec names, or the default if it names none."""
    name = name or DEFAULT_SIGNATURE
    signature = model.signatures.get(name)
    if signature is None:
        raise invalid(f"No signature was found with the name: {name}")
    return signature


def serialized(inputs: Any) -> Array:
    """Serialize the examples of an Input, shape [N], dtype object (bytes).

    A context is prepended to each example, which merges the two messages.

    Raise ``ServingError`` with INVALID_ARGUMENT if there are no examples.
    """
    kind = inputs.WhichOneof("kind")
    listed = getattr(inputs, kind).examples if kind else ()
    if not listed:
        raise invalid("Input is empty.")
    context = b""
    if kind == "example_list_with_context":
        context = inputs.example_list_with_context.context.SerializeToString()
    result = np.empty(len(listed), object)
    result[:] = [context + example.SerializeToString() for example in listed]
    return result


def run(
    model: Model, bindings: Sequence[Binding], inputs: Any, deadline: Deadline, api: str
) -> tuple[int, Mapping[str, Array]]:
    """Run the graph once for all bindings; return the number of examples and the outputs by tensor
    name.
    """
    batch = serialized(inputs)
    model.count_examples(len(batch))
    feeds = {binding.input_name: batch for binding in bindings}
    names = sorted({name for binding in bindings for name in binding.output_names})
    values = model.run(feeds, names, deadline, api)
    return len(batch), dict(zip(names, map(np.asarray, values), strict=True))


def name_version(spec: Any, model: Model, asked: Any) -> None:
    """Fill a response's ModelSpec: model, actual version, and signature."""
    spec.name = asked.name
    spec.version.value = model.version
    spec.signature_name = asked.signature_name or DEFAULT_SIGNATURE


def shape(array: Array) -> str:
    """Format a shape as TensorFlow does."""
    return "[" + ",".join(map(str, array.shape)) + "]"
