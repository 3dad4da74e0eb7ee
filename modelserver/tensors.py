"""TensorProto <-> numpy, with TensorFlow Serving's rules and without needless copies.

Reading, as TensorFlow's ``Tensor::FromProto`` does it: ``tensor_content`` wins when it is not
empty and must then fit exactly; else the typed field counts, where the last of too few values is
repeated, no value at all means zeros, and excess is ignored.

Writing: typed fields (``float_val`` and so on) unless ``tensor_content`` is asked for. A repeated
field of fixed-width numbers is, on the wire, the bytes of the array itself; merging these bytes in
is hundreds of times cheaper than handing protobuf one Python float after another.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2
from tensorflow.dtypes import as_dtype

from modelserver.status import Code, ServingError

Array = NDArray[Any]

MAX_TENSOR_BYTES = 1 << 31
"""A tensor that claims to be larger than any message can be is refused before memory is."""


class _Field(NamedTuple):
    """Which field of TensorProto holds a dtype, and how a value lies in it.

    name: the field's name; number: its number; stored: the dtype of the values there (None for
    bytes); fixed: whether the wire holds them as they lie in memory (booleans are varints, but of
    one byte each), else as varints.
    """

    name: str
    number: int
    stored: Any
    fixed: bool


_INT = _Field("int_val", 7, np.int32, False)
_HALF = _Field("half_val", 13, np.uint16, False)
_STRING = _Field("string_val", 8, None, False)
_FIELDS = {
    types_pb2.DT_FLOAT: _Field("float_val", 5, np.float32, True),
    types_pb2.DT_DOUBLE: _Field("double_val", 6, np.float64, True),
    types_pb2.DT_INT32: _INT,
    types_pb2.DT_INT16: _INT,
    types_pb2.DT_INT8: _INT,
    types_pb2.DT_UINT16: _INT,
    types_pb2.DT_UINT8: _INT,
    types_pb2.DT_QINT8: _INT,
    types_pb2.DT_QUINT8: _INT,
    types_pb2.DT_QINT16: _INT,
    types_pb2.DT_QUINT16: _INT,
    types_pb2.DT_QINT32: _INT,
    types_pb2.DT_STRING: _STRING,
    types_pb2.DT_COMPLEX64: _Field("scomplex_val", 9, np.complex64, True),
    types_pb2.DT_INT64: _Field("int64_val", 10, np.int64, False),
    types_pb2.DT_BOOL: _Field("bool_val", 11, np.bool_, True),
    types_pb2.DT_COMPLEX128: _Field("dcomplex_val", 12, np.complex128, True),
    types_pb2.DT_HALF: _HALF,
    types_pb2.DT_BFLOAT16: _HALF,
    types_pb2.DT_UINT32: _Field("uint32_val", 16, np.uint32, False),
    types_pb2.DT_UINT64: _Field("uint64_val", 17, np.uint64, False),
}
_NUMPY = {enum: np.dtype(as_dtype(enum).as_numpy_dtype) for enum in _FIELDS}
_ENUM = {dtype: enum for enum, dtype in _NUMPY.items()}
_LENGTH_DELIMITED = 2


def type_name(dtype: np.dtype[Any]) -> str:
    """TensorFlow's name of an array's type, such as DT_FLOAT."""
    return str(types_pb2.DataType.Name(_ENUM[dtype]))


def decode(proto: Any) -> Array:
    """The array that a TensorProto describes.

    Strings come as an object array of bytes. A numeric ``tensor_content`` is not copied again, so
    the array may be read-only.

    Raises:
        ValueError: the proto is not a tensor: no such dtype, a shape that is not known, values
            that do not fill it.
    """
    field = _FIELDS.get(proto.dtype)
    if field is None:
        raise ValueError(f"dtype {proto.dtype} cannot be read")
    shape = _shape(proto)
    count = math.prod(shape)
    dtype = _NUMPY[proto.dtype]
    if count * dtype.itemsize > MAX_TENSOR_BYTES:
        raise ValueError(f"a tensor of shape {shape} is too large")
    if field is _STRING:
        return _strings(proto, count).reshape(shape)
    if count and proto.tensor_content:
        return _content(proto.tensor_content, count, dtype).reshape(shape)
    return _typed(getattr(proto, field.name), field, count, dtype).reshape(shape)


def _shape(proto: Any) -> tuple[int, ...]:
    if proto.tensor_shape.unknown_rank:
        raise ValueError("the shape's rank is not known")
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if any(size < 0 for size in shape):
        raise ValueError(f"the shape {shape} is not known")
    return shape


def _content(content: bytes, count: int, dtype: np.dtype[Any]) -> Array:
    if len(content) != count * dtype.itemsize:
        raise ValueError(f"{len(content)} bytes are not {count} values")
    return np.frombuffer(content, dtype)


def _typed(values: Any, field: _Field, count: int, dtype: np.dtype[Any]) -> Array:
    if field.stored in (np.complex64, np.complex128):
        part = np.float32 if field.stored is np.complex64 else np.float64
        flat = np.array(values, part)
        stored = flat[: len(flat) // 2 * 2].view(field.stored)
    else:
        stored = np.array(values, field.stored if field is not _HALF else np.int32)
    return _fill(_as(stored, field, dtype), count)


def _as(stored: Array, field: _Field, dtype: np.dtype[Any]) -> Array:
    if field is _HALF:
        return stored.astype(np.uint16).view(dtype)
    if dtype.names:  # a quantized type is a record of one integer
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
    """Strings in ``tensor_content``: all the lengths as varints, then all the bytes."""
    lengths, position = [], 0
    for _ in range(count):
        length, position = _read_varint(content, position)
        lengths.append(length)
    if position + sum(lengths) != len(content):
        raise ValueError("the strings do not fill the content")
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
    raise ValueError("a length is cut short")


def as_array(value: Any) -> Array:
    """What TensorFlow gave (an ndarray, a numpy scalar, or bytes) as an ndarray."""
    return np.asarray(value, object) if isinstance(value, bytes) else np.asarray(value)


def encode(value: Any, proto: Any, as_content: bool = False) -> None:
    """Write an array (or a lone bytes object) into an empty TensorProto.

    Args:
        value: what TensorFlow gave: an ndarray, a numpy scalar, or bytes.
        proto: a TensorProto to fill.
        as_content: write ``tensor_content`` instead of the typed field.

    Raises:
        ServingError: UNIMPLEMENTED for the few types that have no field of their own.
    """
    array = as_array(value)
    enum = _ENUM.get(array.dtype)
    if enum is None:
        raise ServingError(Code.UNIMPLEMENTED, f"outputs of type {array.dtype} cannot be sent")
    proto.dtype = enum
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if not array.size:
        return
    if enum == types_pb2.DT_STRING:
        _encode_strings(array, proto, as_content)
    elif as_content:
        proto.tensor_content = array.tobytes()
    else:
        _encode_typed(array, proto, _FIELDS[enum])


def _encode_strings(array: Array, proto: Any, as_content: bool) -> None:
    values = array.ravel().tolist()
    if as_content:
        lengths = b"".join(_varint(len(value)) for value in values)
        proto.tensor_content = lengths + b"".join(values)
    else:
        proto.string_val.extend(values)


def _encode_typed(array: Array, proto: Any, field: _Field) -> None:
    if not field.fixed:
        getattr(proto, field.name).extend(_stored(array, field).tolist())
        return
    packed = array.tobytes()
    key = _varint(field.number << 3 | _LENGTH_DELIMITED)
    proto.MergeFromString(key + _varint(len(packed)) + packed)


def _stored(array: Array, field: _Field) -> Array:
    """The values, in one row, as the field's own type."""
    flat = np.ascontiguousarray(array).ravel()
    if field is _HALF:
        return flat.view(np.uint16)
    return flat.view(flat.dtype[0]) if flat.dtype.names else flat


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
