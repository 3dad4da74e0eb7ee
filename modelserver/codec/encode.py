"""What TensorFlow gave -> TensorProtos and PredictResponses, as the bytes that travel.

Outputs go into typed fields (``float_val`` and so on) unless ``tensor_content`` is asked for. The
values make up nearly all of an answer, so they are put in place by one copy of the array; handing
protobuf one Python number after another takes hundreds of times as long, and letting it serialize
what it was given copies all of it twice more. All that is small is left to protobuf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

from modelserver.codec import varints
from modelserver.codec.dtypes import ENUMS, FIELDS, HALF, STRING, Array, Field, as_array

Parts = Sequence[bytes | memoryview]
"""Pieces of a message, to be joined."""


class UnsupportedType(TypeError):
    """A dtype that a TensorProto has no field for, such as an 8-bit float."""


_CONTENT = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name["tensor_content"].number
_OUTPUTS = predict_pb2.PredictResponse.DESCRIPTOR.fields_by_name["outputs"].number
_KEY, _VALUE = 1, 2  # the fields of every map's entries
_LENGTH_DELIMITED = 2


def predict_response(spec: Any, outputs: Mapping[str, Any], as_content: bool = False) -> bytes:
    """A PredictResponse, serialized.

    Args:
        spec: its ModelSpec.
        outputs: what TensorFlow gave, by alias.
        as_content: write ``tensor_content`` instead of typed fields.

    Raises:
        UnsupportedType: as ``tensor``.
    """
    parts: list[bytes | memoryview] = [
        predict_pb2.PredictResponse(model_spec=spec).SerializeToString()
    ]
    for alias, value in outputs.items():
        entry = [*_field(_KEY, [alias.encode()]), *_field(_VALUE, tensor(value, as_content))]
        parts += _field(_OUTPUTS, entry)
    return b"".join(parts)


def tensor(value: Any, as_content: bool = False) -> Parts:
    """A TensorProto, serialized.

    Args:
        value: an ndarray, a numpy scalar, or bytes.
        as_content: write ``tensor_content`` instead of the typed field.

    Raises:
        UnsupportedType: a TensorProto has no field for the dtype.
    """
    array = as_array(value)
    enum = ENUMS.get(array.dtype)
    if enum is None:
        raise UnsupportedType(f"outputs of type {array.dtype} cannot be sent")
    head = tensor_pb2.TensorProto(dtype=enum)
    for size in array.shape:
        head.tensor_shape.dim.add().size = size
    if FIELDS[enum] is STRING:
        _add_strings(head, array.ravel().tolist(), as_content)
    parts: list[bytes | memoryview] = [head.SerializeToString()]
    if FIELDS[enum] is not STRING and array.size:
        flat = np.ascontiguousarray(array).ravel()
        number, stored = (_CONTENT, flat) if as_content else _stored(flat, FIELDS[enum])
        parts += _field(number, [stored.view(np.uint8).data])
    return parts


def _add_strings(proto: Any, values: list[bytes], as_content: bool) -> None:
    if not as_content:
        proto.string_val.extend(values)
    elif values:
        proto.tensor_content = b"".join([varints.one(len(value)) for value in values] + values)


def _stored(flat: Array, field: Field) -> tuple[int, Array]:
    """The number of a typed field, and what lies in it."""
    if field.fixed:
        return field.number, flat
    if field is HALF:
        flat = flat.view(np.uint16)
    elif flat.dtype.names:  # a quantized type is a record of one integer
        flat = flat.view(flat.dtype[0])
    return field.number, varints.pack(flat.astype(field.stored, copy=False))


def _field(number: int, content: Parts) -> Parts:
    """A field of bytes, or of a message."""
    size = sum(map(len, content))
    return [varints.one(number << 3 | _LENGTH_DELIMITED), varints.one(size), *content]
