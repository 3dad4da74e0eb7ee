"""Write tensors straight into the bytes of a message, without the protobuf library.

A batch of pictures is the largest message of the gateway. The library copies it value
by value, and again while its buffer grows; here the pictures stay where they are, between
pieces of a few bytes. The layout is protobuf's own: a field is its tag, its length and its
bytes, and messages can be concatenated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from server.backend.stubs import tensor_pb2, types_pb2

Pieces = list[Any]  # of bytes, and of memoryviews of bytes

_STRING_VAL = tensor_pb2.TensorProto.STRING_VAL_FIELD_NUMBER
_TENSOR_CONTENT = tensor_pb2.TensorProto.TENSOR_CONTENT_FIELD_NUMBER


def field(number: int, pieces: Iterable[Any]) -> Pieces:
    """Return a field of strings, bytes or a message with the contents ``pieces``."""
    contents = list(pieces)
    return [_tag(number), varint(sum(map(len, contents))), *contents]


def string_tensor(values: Sequence[bytes]) -> Pieces:
    """Return a TensorProto ``DT_STRING [N]`` with its values in ``string_val``."""
    pieces: Pieces = [_head(types_pb2.DT_STRING, (len(values),))]
    tag = _tag(_STRING_VAL)
    for value in values:
        pieces += (tag, varint(len(value)), value)
    return pieces


def pixel_tensor(values: np.ndarray[Any, Any]) -> Pieces:
    """Return a TensorProto of ``values``, uint8 or float32, in ``tensor_content``."""
    dtype = types_pb2.DT_UINT8 if values.dtype == np.uint8 else types_pb2.DT_FLOAT
    contents = np.ascontiguousarray(values).data.cast("B")
    return [_head(dtype, values.shape), *field(_TENSOR_CONTENT, [contents])]


def varint(value: int) -> bytes:
    """Encode an unsigned integer, seven bits per byte, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


@lru_cache(maxsize=64)
def _tag(number: int) -> bytes:
    return varint(number << 3 | 2)  # 2: length-delimited


@lru_cache(maxsize=256)  # the same few batch sizes over and over
def _head(dtype: int, shape: tuple[int, ...]) -> bytes:
    tensor = tensor_pb2.TensorProto(dtype=dtype)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    encoded: bytes = tensor.SerializeToString()
    return encoded
