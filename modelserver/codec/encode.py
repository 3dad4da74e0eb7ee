"""Numpy to serialized TensorProtos and PredictResponses.

Outputs go into typed fields such as ``float_val``, or into ``tensor_content`` on request. The
values make up almost the entire message, so this module writes their bytes directly, in a single
copy. Setting them one by one through protobuf takes hundreds of times as long, and protobuf's own
serialization copies everything twice more. Protobuf still serializes the small parts.
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
"""Pieces of a serialized message, in order."""


class UnsupportedType(TypeError):
    """A dtype that no TensorProto field can store, such as an 8-bit float."""


_CONTENT = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name["tensor_content"].number
_OUTPUTS = predict_pb2.PredictResponse.DESCRIPTOR.fields_by_name["outputs"].number
_KEY, _VALUE = 1, 2  # the fields of a map entry
_LENGTH_DELIMITED = 2


def predict_response(spec: Any, outputs: Mapping[str, Any], as_content: bool = False) -> bytes:
    """Serialize a PredictResponse.

    ``outputs`` maps aliases to the values that TensorFlow returned. ``as_content`` selects
    ``tensor_content`` instead of typed fields.

    Raise ``UnsupportedType`` as ``tensor`` does.
    """
    parts: list[bytes | memoryview] = [
        predict_pb2.PredictResponse(model_spec=spec).SerializeToString()
    ]
    for alias, value in outputs.items():
        entry = [*_field(_KEY, [alias.encode()]), *_field(_VALUE, tensor(value, as_content))]
        parts += _field(_OUTPUTS, entry)
    return b"".join(parts)


def tensor(value: Any, as_content: bool = False) -> Parts:
    """Serialize a TensorProto from an ndarray, a numpy scalar or bytes.

    ``as_content`` selects ``tensor_content`` instead of the typed field.

    Raise ``UnsupportedType`` if no typed field can store the dtype.
    """
    array = as_array(value)
    enum = ENUMS.get(array.dtype)
    if enum is None:
        raise UnsupportedType(f"an output has dtype {array.dtype}, which cannot be sent")
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
    """Return the number of a typed field, and its content."""
    if field.fixed:
        return field.number, flat
    if field is HALF:
        flat = flat.view(np.uint16)
    elif flat.dtype.names:  # a quantized dtype is a record with one integer
        flat = flat.view(flat.dtype[0])
    return field.number, varints.pack(flat.astype(field.stored, copy=False))


def _field(number: int, content: Parts) -> Parts:
    """Serialize a field of type bytes, or of a message type."""
    size = sum(map(len, content))
    return [varints.one(number << 3 | _LENGTH_DELIMITED), varints.one(size), *content]
