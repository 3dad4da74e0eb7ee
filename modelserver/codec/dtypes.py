"""Which field of a TensorProto stores each dtype, and in what form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2

from modelserver.tensorflow_parts import as_dtype

Array = NDArray[Any]


class Field(NamedTuple):
    """The typed field that stores a dtype.

    ``name`` and ``number`` identify the field in TensorProto. ``stored`` is the numpy type of its
    values, ``None`` for bytes. ``fixed`` fields have the same layout on the wire as in memory
    (booleans too: a boolean varint is one byte); the others are packed varints.
    """

    name: str
    number: int
    stored: Any
    fixed: bool


INT = Field("int_val", 7, np.int32, False)
HALF = Field("half_val", 13, np.uint16, False)
STRING = Field("string_val", 8, None, False)
FIELDS = {
    types_pb2.DT_FLOAT: Field("float_val", 5, np.float32, True),
    types_pb2.DT_DOUBLE: Field("double_val", 6, np.float64, True),
    types_pb2.DT_INT32: INT,
    types_pb2.DT_INT16: INT,
    types_pb2.DT_INT8: INT,
    types_pb2.DT_UINT16: INT,
    types_pb2.DT_UINT8: INT,
    types_pb2.DT_QINT8: INT,
    types_pb2.DT_QUINT8: INT,
    types_pb2.DT_QINT16: INT,
    types_pb2.DT_QUINT16: INT,
    types_pb2.DT_QINT32: INT,
    types_pb2.DT_STRING: STRING,
    types_pb2.DT_COMPLEX64: Field("scomplex_val", 9, np.complex64, True),
    types_pb2.DT_INT64: Field("int64_val", 10, np.int64, False),
    types_pb2.DT_BOOL: Field("bool_val", 11, np.bool_, True),
    types_pb2.DT_COMPLEX128: Field("dcomplex_val", 12, np.complex128, True),
    types_pb2.DT_HALF: HALF,
    types_pb2.DT_BFLOAT16: HALF,
    types_pb2.DT_UINT32: Field("uint32_val", 16, np.uint32, False),
    types_pb2.DT_UINT64: Field("uint64_val", 17, np.uint64, False),
}
NUMPY = {enum: np.dtype(as_dtype(enum).as_numpy_dtype) for enum in FIELDS}
ENUMS = {dtype: enum for enum, dtype in NUMPY.items()}


def type_name(dtype: np.dtype[Any]) -> str:
    """Return TensorFlow's name for a numpy dtype, such as ``DT_FLOAT``."""
    return str(types_pb2.DataType.Name(ENUMS[dtype]))


def as_array(value: Any) -> Array:
    """Convert a value that TensorFlow returned (ndarray, numpy scalar or bytes) to an ndarray."""
    return np.asarray(value, object) if isinstance(value, bytes) else np.asarray(value)
