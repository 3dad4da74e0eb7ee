"""Constants for inputs that pictures do not go into."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import SourceError


def constant(name: str, value: Any, dtype: tf.DType) -> np.ndarray:
    """The value as an array of the input's type. Raises SourceError if it is of another kind.

    NumPy would make True of any word, and 1 of True.
    """
    found = np.array(value)
    if found.dtype.kind not in _kinds(dtype):
        raise SourceError(f"--feed {name}: {value!r} is no {dtype.name}")
    return found.astype(dtype.as_numpy_dtype)


def _kinds(dtype: tf.DType) -> str:
    """NumPy's letters for the kinds of values that such an input takes."""
    if dtype == tf.bool:
        return "b"
    if dtype == tf.string:
        return "U"
    return "if" if dtype.is_floating else "i"
