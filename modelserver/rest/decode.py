"""JSON values to arrays.

Most requests are valid. So the shape is taken from the first elements, and each nesting level is
then checked as a whole, at C speed. Only if that fails are the values visited one by one, to find
the invalid one and the reason.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from itertools import chain
from typing import Any

import numpy as np
from tensorflow.core.framework import types_pb2

from modelserver.codec.dtypes import Array
from modelserver.rest.documents import quote, to_bytes, type_name, wrong
from modelserver.status import Code, ServingError, invalid

MAX_DIMENSIONS = 64
"""As many as numpy supports, and more than any model uses."""
_INT32 = (-(2**31), 2**31 - 1)
_FLOATS = {types_pb2.DT_FLOAT: np.float32, types_pb2.DT_DOUBLE: np.float64}
_INTEGERS = {
    types_pb2.DT_INT32: (np.int32, _INT32),
    types_pb2.DT_INT16: (np.int16, _INT32),
    types_pb2.DT_INT8: (np.int8, _INT32),
    types_pb2.DT_UINT8: (np.uint8, _INT32),
    types_pb2.DT_INT64: (np.int64, (-(2**63), 2**63 - 1)),
    types_pb2.DT_UINT32: (np.uint32, (0, 2**32 - 1)),
    types_pb2.DT_UINT64: (np.uint64, (0, 2**64 - 1)),
}


def is_base64(value: Any) -> bool:
    """Return whether a value is ``{"b64": "..."}``, which represents bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def to_array(value: Any, dtype: int) -> Array:
    """Convert a JSON value, nested or not, to an array.

    ``dtype`` is a TensorFlow DataType number.

    Raise ``ServingError`` with INVALID_ARGUMENT for a ragged list or a value of another type, and
    with UNIMPLEMENTED for a dtype that has no JSON form.
    """
    shape = dense_shape(value)
    leaves = _leaves(value, shape)
    if leaves is None or not _all_of_type(leaves, dtype):
        explain(value, 0, shape, dtype)
        raise wrong(value, "cannot be converted")
    return _convert(leaves or [], dtype).reshape(shape)


def dense_shape(value: Any) -> list[int]:
    """Return the shape of a value, judging by the first element of each level."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if len(shape) > MAX_DIMENSIONS:
            raise invalid(f"lists are nested deeper than {MAX_DIMENSIONS} levels")
        if not value:
            break
        value = value[0]
    return shape


def _leaves(value: Any, shape: list[int]) -> list[Any] | None:
    """Return all values in a flat list, or ``None`` if they do not have the shape."""
    level = [value]
    for size in shape:
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            return None
        level = list(chain.from_iterable(level))
    return None if any(kind is list for kind in set(map(type, level))) else level


def _all_of_type(leaves: list[Any], dtype: int) -> bool:
    kinds = set(map(type, leaves))
    if dtype in _FLOATS:
        return kinds <= {int, float}
    if dtype in _INTEGERS:
        low, high = _INTEGERS[dtype][1]
        return kinds <= {int} and (not leaves or (min(leaves) >= low and max(leaves) <= high))
    if dtype == types_pb2.DT_BOOL:
        return kinds <= {bool}
    if dtype == types_pb2.DT_STRING:
        return kinds <= {str, dict} and all(is_base64(v) for v in leaves if type(v) is dict)
    return False


def _convert(leaves: list[Any], dtype: int) -> Array:
    if dtype == types_pb2.DT_STRING:
        result = np.empty(len(leaves), object)
        result[:] = [_string(leaf) for leaf in leaves]
        return result
    if dtype == types_pb2.DT_BOOL:
        return np.array(leaves, np.bool_)
    if dtype in _INTEGERS:
        kind, (low, _) = _INTEGERS[dtype]
        wide = np.array(leaves, np.int64 if low < 0 else np.uint64)
        return wide.astype(kind)  # wraps around, as in the real server
    try:
        return np.array(leaves, _FLOATS[dtype])
    except OverflowError:  # an integer beyond the range of floats
        return np.array([_float(leaf) for leaf in leaves], _FLOATS[dtype])


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


def _string(leaf: Any) -> bytes:
    if isinstance(leaf, str):
        return to_bytes(leaf)
    return decode_base64(leaf)


def decode_base64(value: dict[str, str]) -> bytes:
    """Return the bytes of a base64 object."""
    text = "".join(value["b64"].split()).rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def explain(value: Any, level: int, shape: list[int], dtype: int) -> None:
    """Raise the error of the first invalid value, in document order."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {quote(value)} found at incorrect level: {level + 1} "
                f"in the JSON DOM. Expected at level: {len(shape)}"
            )
        _explain_leaf(value, dtype)
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for element in value:
        explain(element, level + 1, shape, dtype)


def _explain_leaf(value: Any, dtype: int) -> None:
    name = type_text(dtype)
    if isinstance(value, dict) and dtype == types_pb2.DT_STRING:
        if not is_base64(value):
            raise wrong(value, "not formatted correctly for base64 data")
    elif not isinstance(value, dict) and not _is_known(dtype):
        raise ServingError(
            Code.UNIMPLEMENTED, f"Conversion of JSON Value: {quote(value)} to type: {name}"
        )
    elif not _all_of_type([value], dtype):
        raise wrong(value, f"Type: {type_name(value)} is not of expected type: {name}")


def _is_known(dtype: int) -> bool:
    return dtype in (*_FLOATS, *_INTEGERS, types_pb2.DT_BOOL, types_pb2.DT_STRING)


def type_text(dtype: int) -> str:
    """Return a dtype's name as it appears in TensorFlow's messages: float, int32, string."""
    return str(types_pb2.DataType.Name(dtype)).removeprefix("DT_").lower()
