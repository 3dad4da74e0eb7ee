"""What a loaded SavedModel computes: its signatures or, if it has none, its functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from export.contract import BYTES, Outputs
from export.sources.results import by_name

_CALLS = ("__call__", "call", "serve")


@dataclass(frozen=True)
class Function:
    """A function of named tensors. ``outputs``: the names of its results."""

    specs: Mapping[str, tf.TensorSpec]
    outputs: tuple[str, ...]
    variables: int
    run: Callable[..., Outputs]


def functions_of(loaded: Any) -> dict[str, Function]:
    """Return the signatures by name.

    Converters such as onnx2tf, and modules whose functions have no ``input_signature``, are saved
    without any. They get the default signature: the loaded object itself, if it can be called with
    tensors.
    """
    signatures = {name: one for name, one in loaded.signatures.items() if name[:2] != "__"}
    if signatures:
        return {name: _signature(function) for name, function in signatures.items()}
    candidates = [one for one in map(_direct, _concrete(loaded)) if one.specs]
    return {BYTES: min(candidates, key=_rank)} if candidates else {}


def _signature(function: Any) -> Function:
    outputs = tuple(function.structured_outputs)
    return Function(
        function.structured_input_signature[1], outputs, len(function.variables), function
    )


def _concrete(loaded: Any) -> Iterator[Any]:
    if isinstance(loaded, tf.types.experimental.ConcreteFunction):
        yield loaded
        return
    for name in _CALLS:
        yield from getattr(getattr(loaded, name, None), "concrete_functions", ())


def _direct(function: Any) -> Function:
    arguments = tf.nest.flatten(function.structured_input_signature)
    specs = {one.name: one for one in arguments if isinstance(one, tf.TensorSpec)}
    outputs = tuple(by_name(function.structured_outputs))
    return Function(specs, outputs, len(function.variables), partial(_call, function))


def _call(function: Any, **tensors: Any) -> Outputs:
    return by_name(function(**tensors))


def _rank(function: Function) -> tuple[int, bool, int]:
    """Prefer one input, then images, then the fewest fixed sizes: a function has many traces."""
    shapes = [spec.shape for spec in function.specs.values()]
    fixed = sum(size is not None for shape in shapes if shape.rank for size in shape.as_list())
    return len(shapes), all(shape.rank != 4 for shape in shapes), fixed
