"""Protocol version 1: bytes to messages and back, in either encoding (docs/protocol.md)."""

from __future__ import annotations

from server.core.wire.decode import Refused, check_picture, decode
from server.core.wire.encode import encode, names_of, status_map, to_map
from server.core.wire.encoding import JSON, PROTOCOL, Encoding
from server.core.wire.options import check_options

__all__ = [
    "JSON",
    "PROTOCOL",
    "Encoding",
    "Refused",
    "check_options",
    "check_picture",
    "decode",
    "encode",
    "names_of",
    "status_map",
    "to_map",
]
