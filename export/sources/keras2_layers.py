"""What models of Keras 2 use and Keras 3 lacks."""

from __future__ import annotations

import base64
import marshal
from collections.abc import Callable
from types import FunctionType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

OPERATIONS = ("TFOpLambda", "SlicingOpLambda")
"""The layers that Keras 2 makes of a TensorFlow function that is called on its tensors."""


class TensorFlowOperation(keras.Operation):
    """Call a TensorFlow function. ``function``: its name without ``tf.``, such as ``nn.relu6``."""

    def __init__(self, function: str, name: str | None = None, **_: Any) -> None:
        super().__init__(name=name)
        self._function = _resolve(function)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return the function's result."""
        return self._function(*_with_slices(list(args)), **_with_slices(kwargs))


def _resolve(name: str) -> Callable[..., Any]:
    value: Any = tf
    for part in name.split("."):
        value = getattr(value, part, None)
    if not callable(value):
        raise ValueError(f"TensorFlow has no tf.{name}")
    return value


class PythonLambda(keras.Operation):
    """Run the bytecode of a ``Lambda`` layer, which must be of this version of Python.

    ``function``: base64 code, defaults and cells, as a list or in an object of the later format.
    ``arguments``: further arguments of the function.
    """

    def __init__(
        self,
        function: list[Any] | dict[str, Any],
        arguments: dict[str, Any] | None = None,
        name: str | None = None,
        **_: Any,
    ) -> None:
        super().__init__(name=name)
        self._function = _function(function)
        self._arguments = arguments or {}

    def call(self, inputs: Any) -> Any:
        """Return the function's result."""
        return self._function(inputs, **self._arguments)


def _function(stored: Any) -> Callable[..., Any]:
    if isinstance(stored, dict) and stored.get("class_name") == "__lambda__":
        stored = stored["config"]["value"]
    if not isinstance(stored, list):
        raise ValueError(f"its Lambda layer calls a function that is not in the file: {stored}")
    code, defaults, cells = stored
    if cells:
        raise ValueError("its Lambda layer uses variables of the function that built the model")
    names = {"tf": tf, "keras": keras, "np": np}
    bytecode = marshal.loads(base64.b64decode(code))
    return FunctionType(bytecode, names, argdefs=tuple(defaults or ()))


def _with_slices(value: Any) -> Any:
    """Return the arguments with slices in place of the dictionaries that files hold."""
    if isinstance(value, list):
        return [_with_slices(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"start", "stop", "step"}:
        return slice(value["start"], value["stop"], value["step"])
    return {name: _with_slices(item) for name, item in value.items()}


def keras2_hard_sigmoid(values: Any) -> Any:
    """Return the hard sigmoid of Keras 2; Keras 3 has another under this name."""
    return tf.clip_by_value(0.2 * values + 0.5, 0.0, 1.0)


CUSTOM_OBJECTS: dict[str, Any] = {
    PythonLambda.__name__: PythonLambda,
    TensorFlowOperation.__name__: TensorFlowOperation,
    keras2_hard_sigmoid.__name__: keras2_hard_sigmoid,
}
"""What a converted configuration refers to by name."""
