"""Text-format Protocol Buffers files: monitoring, TLS, batching.

TensorFlow Serving's published stubs lack their message types. So the types are described here,
field by field, and protobuf's own parser reads them: the syntax is exactly that of the real server,
and a misspelt field is an error.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from framewire import textfile
from modelserver.status import Code, ServingError, invalid

_QUOTED = 200
_Type = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Type.TYPE_STRING,
    "bool": _Type.TYPE_BOOL,
    "int64": _Type.TYPE_INT64,
}


class _FieldOf(NamedTuple):
    number: int
    type: str
    repeated: bool = False


_MESSAGES: dict[str, dict[str, _FieldOf]] = {
    "Int64Value": {"value": _FieldOf(1, "int64")},
    "StringValue": {"value": _FieldOf(1, "string")},
    "BoolValue": {"value": _FieldOf(1, "bool")},
    "PrometheusConfig": {"enable": _FieldOf(1, "bool"), "path": _FieldOf(2, "string")},
    "MonitoringConfig": {"prometheus_config": _FieldOf(1, "PrometheusConfig")},
    "SSLConfig": {
        "server_key": _FieldOf(1, "string"),
        "server_cert": _FieldOf(2, "string"),
        "custom_ca": _FieldOf(3, "string"),
        "client_verify": _FieldOf(4, "bool"),
    },
    "BatchingParameters": {
        "max_batch_size": _FieldOf(1, "Int64Value"),
        "batch_timeout_micros": _FieldOf(2, "Int64Value"),
        "max_enqueued_batches": _FieldOf(3, "Int64Value"),
        "num_batch_threads": _FieldOf(4, "Int64Value"),
        "thread_pool_name": _FieldOf(5, "StringValue"),
        "allowed_batch_sizes": _FieldOf(6, "int64", repeated=True),
        "pad_variable_length_inputs": _FieldOf(7, "bool"),
        "enable_large_batch_splitting": _FieldOf(8, "BoolValue"),
        "max_execution_batch_size": _FieldOf(9, "Int64Value"),
    },
}


def read(path: str, message: Any) -> Any:
    """Parse a text file into ``message``, and return it.

    Raise ``ServingError`` if the file cannot be read or parsed.
    """
    try:
        # Comments may have any encoding.
        return text_format.Parse(textfile.read(path, errors="surrogateescape"), message)
    except OSError as error:
        raise ServingError(Code.NOT_FOUND, f"{path}: {error.strerror}") from None
    except (text_format.ParseError, ValueError) as error:
        raise invalid(f"{path}: {_one_line(str(error))}") from None


def _one_line(error: str) -> str:
    """Return what is wrong, and where. In between, the parser quotes the whole line."""
    text = " ".join(error.encode(errors="backslashreplace").decode().split())
    return text if len(text) <= 2 * _QUOTED else f"{text[:_QUOTED]}...{text[-_QUOTED:]}"


def new(name: str) -> Any:
    """Return an empty message of one of the types described here."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"modelserver.{name}"))()


def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="modelserver.proto", package="modelserver", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, field in fields.items():
            _describe(message.field.add(name=field_name), field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _describe(target: Any, field: _FieldOf) -> None:
    target.number = field.number
    target.label = _Type.LABEL_REPEATED if field.repeated else _Type.LABEL_OPTIONAL
    if field.type in _SCALARS:
        target.type = _SCALARS[field.type]
    else:
        target.type = _Type.TYPE_MESSAGE
        target.type_name = f".modelserver.{field.type}"
