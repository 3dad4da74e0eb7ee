"""Convert a TensorProto to numpy or lists, fast, and by TF Serving's rules.

A TensorProto has its values either in ``tensor_content`` or in a typed field such as
``float_val``. In a typed field, missing values repeat the last one, no values at all
mean zeros, and excess values are ignored.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from server.backend.stubs import tensor_pb2, tensor_shape_pb2, types_pb2
from server.core.errors import ModelFailed

# More than fits into one gRPC message, so a larger shape cannot be real.
_MAX_VALUES = 2**31

# DataType -> (little-endian dtype on the wire, the typed field).
_FIELDS: dict[int, tuple[str, str]] = {
    types_pb2.DT_FLOAT: ("<f4", "float_val"),
    types_pb2.DT_DOUBLE: ("<f8", "double_val"),
    types_pb2.DT_INT8: ("i1", "int_val"),
    types_pb2.DT_INT16: ("<i2", "int_val"),
    types_pb2.DT_INT32: ("<i4", "int_val"),
    types_pb2.DT_INT64: ("<i8", "int64_val"),
    types_pb2.DT_UINT8: ("u1", "int_val"),
    types_pb2.DT_UINT16: ("<u2", "int_val"),
    types_pb2.DT_UINT32: ("<u4", "uint32_val"),
    types_pb2.DT_UINT64: ("<u8", "uint64_val"),
    types_pb2.DT_BOOL: ("?", "bool_val"),
    types_pb2.DT_HALF: ("<f2", "half_val"),
    types_pb2.DT_BFLOAT16: ("<u2", "half_val"),
}


# Of these, the typed field has the values as they are.
_NUMBERS = {
    dtype: _FIELDS[dtype][1]
    for dtype in (types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE, types_pb2.DT_INT32, types_pb2.DT_INT64)
}


def dtype_name(dtype: int) -> str:
    """Return a DataType's usual name: ``float32``, ``uint8``, ``string``."""
    if dtype in _FIELDS and dtype != types_pb2.DT_BFLOAT16:
        return str(np.dtype(_FIELDS[dtype][0]).name)
    name: str = types_pb2.DataType.Name(dtype) if dtype in types_pb2.DataType.values() else "?"
    return name.removeprefix("DT_").lower()


def is_numeric(dtype: int) -> bool:
    """Return whether values of a DataType are numbers or booleans that clients can receive."""
    return dtype in _FIELDS


def is_integer(dtype: int) -> bool:
    """Return whether values of a DataType are integers that clients can receive."""
    is_float = dtype == types_pb2.DT_BFLOAT16  # though its bits travel as an integer
    return dtype in _FIELDS and not is_float and np.dtype(_FIELDS[dtype][0]).kind in "iu"


class Numbers(NamedTuple):
    """A tensor of numbers: its shape, and its values row by row, which slice into lists."""

    shape: tuple[int, ...]
    values: Any


def to_numbers(name: str, tensor: tensor_pb2.TensorProto) -> Numbers:
    """Return the values of ``tensor``: like :func:`to_numpy`, but faster for few values."""
    field = _NUMBERS.get(tensor.dtype)
    if field is not None and not tensor.tensor_content:
        shape = _shape(name, tensor)
        values = getattr(tensor, field)  # not a list, but slices of it are
        if len(values) == math.prod(shape):
            return Numbers(shape, values)
    array = to_numpy(name, tensor)
    if array.dtype == object:
        raise ModelFailed(f"output {name!r} has strings instead of numbers")
    return Numbers(array.shape, array.reshape(-1).tolist())


def to_numpy(name: str, tensor: tensor_pb2.TensorProto) -> np.ndarray[Any, Any]:
    """Return the values of ``tensor``; the array may be read-only.

    Strings become an object array of bytes, bfloat16 becomes float32. Raises ModelFailed,
    which names the output ``name``, if the values do not fit the shape.
    """
    shape = _shape(name, tensor)
    count = math.prod(shape)
    if tensor.dtype == types_pb2.DT_STRING:
        return _strings(name, tensor, count).reshape(shape)
    if tensor.dtype not in _FIELDS:
        raise ModelFailed(f"output {name!r} has an unsupported dtype: {tensor.dtype}")
    dtype = np.dtype(_FIELDS[tensor.dtype][0])
    if tensor.tensor_content:
        values = _from_content(name, tensor.tensor_content, dtype, count)
    else:
        values = _from_field(tensor, dtype, count)
    return _widened(values, tensor.dtype).reshape(shape)


def _shape(name: str, tensor: tensor_pb2.TensorProto) -> tuple[int, ...]:
    shape = _sizes(tensor.tensor_shape.SerializeToString())
    if shape is None:
        raise ModelFailed(f"output {name!r} has an unknown shape")
    if math.prod(shape) > _MAX_VALUES:
        raise ModelFailed(f"output {name!r} has an impossible shape: {list(shape)}")
    return shape


@lru_cache(maxsize=256)  # reading the sizes costs more than a lone frame's values
def _sizes(serialized: bytes) -> tuple[int, ...] | None:
    """Return a TensorShapeProto's sizes; None unless it has them all."""
    shape = tensor_shape_pb2.TensorShapeProto.FromString(serialized)
    sizes = tuple(dim.size for dim in shape.dim)
    return None if shape.unknown_rank or any(size < 0 for size in sizes) else sizes


def _from_content(
    name: str, content: bytes, dtype: np.dtype[Any], count: int
) -> np.ndarray[Any, Any]:
    if len(content) != count * dtype.itemsize:
        raise ModelFailed(
            f"output {name!r} has {len(content)} bytes, but its shape needs "
            f"{count * dtype.itemsize}"
        )
    return np.frombuffer(content, dtype)


def _from_field(
    tensor: tensor_pb2.TensorProto, dtype: np.dtype[Any], count: int
) -> np.ndarray[Any, Any]:
    field = getattr(tensor, _FIELDS[tensor.dtype][1])
    if tensor.dtype == types_pb2.DT_HALF:  # the field contains the bits, as integers
        values = np.array(field, np.uint16).view(np.float16)
    else:
        values = np.array(field, dtype)
    return _filled(values, count)


def _filled(values: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Return exactly ``count`` values: cut off, filled with the last one, or zeros."""
    if len(values) >= count:
        return values[:count]
    if len(values) == 0:
        return np.zeros(count, values.dtype)
    return np.concatenate([values, np.full(count - len(values), values[-1])])


def _widened(values: np.ndarray[Any, Any], dtype: int) -> np.ndarray[Any, Any]:
    """Convert bfloat16, the upper half of a float32, to that; leave other dtypes alone."""
    if dtype != types_pb2.DT_BFLOAT16:
        return values
    return (values.astype(np.uint32) << 16).view(np.float32)


def _strings(name: str, tensor: tensor_pb2.TensorProto, count: int) -> np.ndarray[Any, Any]:
    if tensor.tensor_content:
        strings = _split_content(name, tensor.tensor_content, count)
    else:
        strings = list(tensor.string_val[:count])
        strings += [strings[-1] if strings else b""] * (count - len(strings))
    values = np.empty(count, object)
    values[:] = strings
    return values


def _split_content(name: str, content: bytes, count: int) -> list[bytes]:
    """Unpack strings as TensorFlow packs them: all lengths as varints, then all bytes."""
    lengths, at = [], 0
    try:
        for _ in range(count):
            length, at = _varint(content, at)
            lengths.append(length)
    except IndexError:
        raise ModelFailed(f"output {name!r} has fewer strings than its shape needs") from None
    if at + sum(lengths) != len(content):
        raise ModelFailed(f"output {name!r} has strings whose lengths do not match")
    strings = []
    for length in lengths:
        strings.append(content[at : at + length])
        at += length
    return strings


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
