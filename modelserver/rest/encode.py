"""Arrays to JSON text.

Floats get the fewest digits that parse to the same value at their own precision, so the float32 0.2
is ``0.2``. NaN and the infinities are written bare, as TensorFlow Serving does.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode

import numpy as np
from tensorflow.core.framework import types_pb2

from modelserver.codec.dtypes import ENUMS, Array, as_array
from modelserver.rest.decode import type_text
from modelserver.status import invalid

_BARE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def encode(value: Array | np.generic | bytes, as_base64: bool = False) -> str:
    """Format an array, or one element of it, as JSON.

    With ``as_base64``, strings are written as ``{"b64": "..."}``.

    Raise ``ServingError`` with INVALID_ARGUMENT for a dtype that has no JSON form.
    """
    return _fold(as_array(value), as_base64, 0)[0]


def encode_rows(array: Array, as_base64: bool = False) -> list[str]:
    """Format each element of the first dimension, as ``encode`` does."""
    return _fold(array, as_base64, 1)


def encode_string(text: str) -> str:
    """Format a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def encode_float(value: float) -> str:
    """Format a float32."""
    return encode(np.float32(value))


def _fold(array: Array, as_base64: bool, kept: int) -> list[str]:
    """Join the formatted values into lists until only the first ``kept`` dimensions remain."""
    parts = _leaves(array, as_base64)
    for level in reversed(range(kept, array.ndim)):
        size, count = array.shape[level], math.prod(array.shape[:level])
        parts = [_list(parts[size * index : size * (index + 1)]) for index in range(count)]
    return parts


def _list(parts: list[str]) -> str:
    return "[" + ", ".join(parts) + "]"


def _leaves(array: Array, as_base64: bool) -> list[str]:
    kind = array.dtype.kind
    if kind == "O":
        return [_string(element, as_base64) for element in array.ravel().tolist()]
    if kind == "b":
        return ["true" if element else "false" for element in array.ravel().tolist()]
    if kind in "iu":
        return list(map(str, array.ravel().tolist()))
    if array.dtype in (np.float32, np.float64):
        texts: list[str] = array.ravel().astype("U32").tolist()
        return texts if np.isfinite(array).all() else [_BARE.get(text, text) for text in texts]
    name = type_text(ENUMS.get(array.dtype, types_pb2.DT_INVALID))
    raise invalid(f"Failed to write JSON value for tensor type: {name}")


def _string(element: bytes, as_base64: bool) -> str:
    if as_base64:
        return f'{{"b64": "{b64encode(element).decode()}"}}'
    return encode_string(element.decode(errors="replace"))
