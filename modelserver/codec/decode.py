"""TensorProto to numpy, with TensorFlow's rules.

As in TensorFlow's ``Tensor::FromProto``, a non-empty ``tensor_content`` takes precedence and must
have the exact size. Otherwise the typed field is used: if it has too few values, the last one is
repeated; if it has none, the tensor is all zeros; extra values are ignored.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from modelserver.codec.dtypes import FIELDS, HALF, NUMPY, STRING, Array, Field

MAX_TENSOR_BYTES = 1 << 31
"""No message is larger, so a larger shape is rejected before memory is allocated for it."""


def tensor(proto: Any) -> Array:
    """Return the array that a TensorProto describes.

    Strings become an object array of bytes. Numeric ``tensor_content`` is not copied, so the array
    may be read-only.

    Raise ``ValueError`` for an unsupported dtype, an unknown shape, or values that do not match the
    shape.
    """
    field = FIELDS.get(proto.dtype)
    if field is None:
        raise ValueError(f"dtype {proto.dtype} is not supported")
    shape = _shape(proto)
    count = math.prod(shape)
    dtype = NUMPY[proto.dtype]
    if count * dtype.itemsize > MAX_TENSOR_BYTES:
        raise ValueError(f"a tensor of shape {shape} is too large")
    if field is STRING:
        return _strings(proto, count).reshape(shape)
    if count and proto.tensor_content:
        return _content(proto.tensor_content, count, dtype).reshape(shape)
    return _typed(getattr(proto, field.name), field, count, dtype).reshape(shape)


def _shape(proto: Any) -> tuple[int, ...]:
    if proto.tensor_shape.unknown_rank:
        raise ValueError("the shape has no rank")
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if any(size < 0 for size in shape):
        raise ValueError(f"the shape {shape} is not fully defined")
    return shape


def _content(content: bytes, count: int, dtype: np.dtype[Any]) -> Array:
    if len(content) != count * dtype.itemsize:
        needed = count * dtype.itemsize
        raise ValueError(f"its shape needs {needed} bytes of content, not {len(content)}")
    return np.frombuffer(content, dtype)


def _typed(values: Any, field: Field, count: int, dtype: np.dtype[Any]) -> Array:
    if field.stored in (np.complex64, np.complex128):
        part = np.float32 if field.stored is np.complex64 else np.float64
        flat = np.array(values, part)
        stored = flat[: len(flat) // 2 * 2].view(field.stored)
    else:
        stored = np.array(values, field.stored if field is not HALF else np.int32)
    return _fill(_as(stored, field, dtype), count)


def _as(stored: Array, field: Field, dtype: np.dtype[Any]) -> Array:
    if field is HALF:
        return stored.astype(np.uint16).view(dtype)
    if dtype.names:  # a quantized dtype is a record with one integer
        return stored.astype(dtype[0]).view(dtype)
    return stored.astype(dtype, copy=False)


def _fill(values: Array, count: int) -> Array:
    if len(values) >= count:
        return values[:count]
    filled = np.zeros(count, values.dtype)
    if len(values):
        filled[: len(values)] = values
        filled[len(values) :] = values[-1]
    return filled


def _strings(proto: Any, count: int) -> Array:
    if count and proto.tensor_content:
        values = _length_prefixed(proto.tensor_content, count)
    else:
        values = list(proto.string_val[:count])
    result = np.empty(count, object)
    result[: len(values)] = values
    result[len(values) :] = values[-1] if values else b""
    return result


def _length_prefixed(content: bytes, count: int) -> list[bytes]:
    """Read strings from ``tensor_content``: all lengths as varints, followed by all bytes."""
    lengths, position = [], 0
    for _ in range(count):
        length, position = _read_varint(content, position)
        lengths.append(length)
    if position + sum(lengths) != len(content):
        raise ValueError("the lengths of the strings do not add up to the content")
    values = []
    for length in lengths:
        values.append(content[position : position + length])
        position += length
    return values


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(content) and shift < 32:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise ValueError("a string's length is truncated")
