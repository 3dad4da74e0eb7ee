"""Constants for inputs other than images."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import SourceError

_TRUTH = {"True": True, "False": False}
"""As Python writes what JSON writes in small letters."""


def constant(name: str, value: Any, dtype: tf.DType) -> np.ndarray:
    """Return ``value`` as an array of ``dtype``. Raise ``SourceError`` for another kind of value.

    NumPy would silently convert any text to True, and True to 1.
    """
    if dtype == tf.bool and isinstance(value, str):
        value = _TRUTH.get(value, value)
    try:
        array = np.array(value)
    except ValueError:  # lists of different lengths
        raise SourceError(f"--feed {name}: the lists of {value!r} differ in length") from None
    converted = array.astype(dtype.as_numpy_dtype) if array.dtype.kind in _kinds(dtype) else None
    if converted is None or (dtype.is_integer and (converted != array).any()):
        raise SourceError(f"--feed {name}: {value!r} is not {dtype.name}")
    return converted


def shaped_constant(name: str, value: Any, spec: Any) -> np.ndarray:
    """Return ``value`` as an array of the dtype and a shape of ``spec``. Raise ``SourceError``."""
    array = constant(name, value, spec.dtype)
    if spec.shape.is_compatible_with(array.shape):
        return array
    lists = spec.shape.rank - array.ndim if spec.shape.rank is not None else 0
    fitting = json.dumps(value) if lists < 1 else f"{'[' * lists}{json.dumps(value)}{']' * lists}"
    hint = f"; write {name}={fitting}" if lists > 0 else ""
    raise SourceError(
        f"--feed {name}: the model takes the shape {spec.shape}, not {array.shape}{hint}"
    )


def _kinds(dtype: tf.DType) -> str:
    """Return NumPy's letters for the kinds of values that an input of ``dtype`` accepts."""
    if dtype == tf.bool:
        return "b"
    if dtype == tf.string:
        return "U"
    return "if" if dtype.is_floating else "i"
