"""TensorProto -> numpy, by the fast ways, and by TF Serving's rules.

A TensorProto carries its values either as ``tensor_content`` or in a typed field
such as ``float_val``. In a typed field too few values repeat the last, none
means zeros, and excess is ignored.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from server.backend.stubs import tensor_pb2, tensor_shape_pb2, types_pb2
from server.core.errors import ModelFailed

# More than gRPC can carry in one message, so a shape beyond it is nonsense.
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


def dtype_name(dtype: int) -> str:
    """A DataType as people write it: ``float32``, ``uint8``, ``string``."""
    if dtype in _FIELDS and dtype != types_pb2.DT_BFLOAT16:
        return str(np.dtype(_FIELDS[dtype][0]).name)
    name: str = types_pb2.DataType.Name(dtype) if dtype in types_pb2.DataType.values() else "?"
    return name.removeprefix("DT_").lower()


class Numbers(NamedTuple):
    """A tensor of plain numbers: its shape, and its values row by row, to be cut into lists."""

    shape: tuple[int, ...]
    values: Any


def to_numbers(name: str, tensor: tensor_pb2.TensorProto) -> Numbers:
    """The values of ``tensor`` as a list; as :func:`to_numpy`, and for few values faster."""
    if tensor.dtype == types_pb2.DT_FLOAT and not tensor.tensor_content:
        shape = _shape(name, tensor)
        values = tensor.float_val  # a part of it is a list, made when it is asked for
        if len(values) == math.prod(shape):
            return Numbers(shape, values)
    array = to_numpy(name, tensor)
    if array.dtype == object:
        raise ModelFailed(f"output {name!r} has strings where numbers belong")
    return Numbers(array.shape, array.reshape(-1).tolist())


def to_numpy(name: str, tensor: tensor_pb2.TensorProto) -> np.ndarray[Any, Any]:
    """The values of ``tensor``, which may be read-only.

    Strings come as an object array of bytes, bfloat16 as float32. Raises
    ModelFailed, with ``name`` in it, if values and shape do not fit.
    """
    shape = _shape(name, tensor)
    count = math.prod(shape)
    if tensor.dtype == types_pb2.DT_STRING:
        return _strings(name, tensor, count).reshape(shape)
    if tensor.dtype not in _FIELDS:
        raise ModelFailed(f"output {name!r} has a dtype that is not supported: {tensor.dtype}")
    dtype = np.dtype(_FIELDS[tensor.dtype][0])
    if tensor.tensor_content:
        values = _from_content(name, tensor.tensor_content, dtype, count)
    else:
        values = _from_field(tensor, dtype, count)
    return _widened(values, tensor.dtype).reshape(shape)


def _shape(name: str, tensor: tensor_pb2.TensorProto) -> tuple[int, ...]:
    shape = _sizes(tensor.tensor_shape.SerializeToString())
    if shape is None:
        raise ModelFailed(f"output {name!r} has no definite shape")
    if math.prod(shape) > _MAX_VALUES:
        raise ModelFailed(f"output {name!r} has an impossible shape: {list(shape)}")
    return shape


@lru_cache(maxsize=256)  # a look at each size costs more than all the values of a lone frame
def _sizes(serialized: bytes) -> tuple[int, ...] | None:
    """A TensorShapeProto's sizes; None if it has not all of them."""
    shape = tensor_shape_pb2.TensorShapeProto.FromString(serialized)
    sizes = tuple(dim.size for dim in shape.dim)
    return None if shape.unknown_rank or any(size < 0 for size in sizes) else sizes


def _from_content(
    name: str, content: bytes, dtype: np.dtype[Any], count: int
) -> np.ndarray[Any, Any]:
    if len(content) != count * dtype.itemsize:
        raise ModelFailed(
            f"output {name!r} has {len(content)} bytes where its shape needs "
            f"{count * dtype.itemsize}"
        )
    return np.frombuffer(content, dtype)


def _from_field(
    tensor: tensor_pb2.TensorProto, dtype: np.dtype[Any], count: int
) -> np.ndarray[Any, Any]:
    field = getattr(tensor, _FIELDS[tensor.dtype][1])
    if tensor.dtype == types_pb2.DT_HALF:  # the field holds the bits, as integers
        values = np.array(field, np.uint16).view(np.float16)
    else:
        values = np.array(field, dtype)
    return _filled(values, count)


def _filled(values: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Exactly ``count`` values: the excess cut off, the last repeated, or zeros."""
    if len(values) >= count:
        return values[:count]
    if len(values) == 0:
        return np.zeros(count, values.dtype)
    return np.concatenate([values, np.full(count - len(values), values[-1])])


def _widened(values: np.ndarray[Any, Any], dtype: int) -> np.ndarray[Any, Any]:
    """bfloat16 is the upper half of a float32; the others are what they are."""
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
    """TensorFlow's packing of strings: all lengths as varints, then all bytes."""
    lengths, at = [], 0
    try:
        for _ in range(count):
            length, at = _varint(content, at)
            lengths.append(length)
    except IndexError:
        raise ModelFailed(f"output {name!r} has fewer strings than its shape needs") from None
    if at + sum(lengths) != len(content):
        raise ModelFailed(f"output {name!r} has strings whose lengths do not fit")
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
