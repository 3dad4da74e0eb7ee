"""What the end of a stream means to a unary gRPC call: a message, or a status code."""

from __future__ import annotations

import time
from urllib.parse import unquote

import grpc
import grpc.aio

from server.backend.http2.frames import ProtocolError
from server.backend.http2.headers import Headers
from server.backend.http2.protocol import CANCEL, Stream

_Code = grpc.StatusCode

_CODES = {str(code.value[0]): code for code in _Code}
_BY_HTTP_STATUS = {
    "400": _Code.INTERNAL,
    "401": _Code.UNAUTHENTICATED,
    "403": _Code.PERMISSION_DENIED,
    "404": _Code.UNIMPLEMENTED,
    "429": _Code.UNAVAILABLE,
    "502": _Code.UNAVAILABLE,
    "503": _Code.UNAVAILABLE,
    "504": _Code.UNAVAILABLE,
}
_BY_RESET = {CANCEL: _Code.CANCELLED, 0xB: _Code.RESOURCE_EXHAUSTED, 0xC: _Code.PERMISSION_DENIED}
_PREFIX_BYTES = 5


def message(stream: Stream) -> tuple[bytes, Headers]:
    """Return the message of a call that has ended, and its trailers.

    Raises AioRpcError, or ProtocolError for a compressed message.
    """
    trailers = stream.trailers
    if trailers is None or trailers.get("grpc-status") != "0":
        raise _failure(stream)
    body = stream.body[0] if len(stream.body) == 1 else b"".join(stream.body)
    length = int.from_bytes(body[1:_PREFIX_BYTES], "big")
    if len(body) != _PREFIX_BYTES + length:
        raise _error(_Code.INTERNAL, "the answer is not one message")
    if body[0]:
        raise ProtocolError("a compressed message")
    return body[_PREFIX_BYTES:], trailers


def _failure(stream: Stream) -> grpc.aio.AioRpcError:
    late = stream.reset == CANCEL and time.monotonic() >= stream.deadline
    if stream.expired or late:  # the peer has a clock, too
        return _error(_Code.DEADLINE_EXCEEDED, "Deadline Exceeded")
    if stream.reset is not None:
        code = _BY_RESET.get(stream.reset, _Code.INTERNAL)
        return _error(code, f"the call was reset with code {stream.reset}")
    trailers = stream.trailers
    if trailers is None:
        return _error(_Code.UNAVAILABLE, "the connection was lost")
    code = _CODES.get(trailers.get("grpc-status", ""))
    if code is not None:
        return _error(code, unquote(trailers.get("grpc-message", "")))
    status = (stream.headers or {}).get(":status", "")
    code = _BY_HTTP_STATUS.get(status, _Code.UNKNOWN)
    return _error(code, f"HTTP status {status} and no status of gRPC")


def _error(code: grpc.StatusCode, details: str) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, details)
