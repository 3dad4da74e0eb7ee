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

_FAILURES = {str(code.value[0]): code for code in _Code if code is not _Code.OK}
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
_RESETS = (
    *("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT"),
    *("STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR"),
    *("CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"),
)
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
        return _reset_failure(stream.reset)
    if stream.trailers is None:
        return _error(_Code.UNAVAILABLE, "the connection was lost")
    # Some proxies put the status of a call without an answer into headers that do not end it.
    return _status_failure({**(stream.headers or {}), **stream.trailers})


def _reset_failure(reset: int) -> grpc.aio.AioRpcError:
    name = _RESETS[reset] if reset < len(_RESETS) else f"code {reset}"
    return _error(_BY_RESET.get(reset, _Code.INTERNAL), f"the call was reset with {name}")


def _status_failure(headers: Headers) -> grpc.aio.AioRpcError:
    said, details = headers.get("grpc-status", "0"), unquote(headers.get("grpc-message", ""))
    if said in _FAILURES:
        return _error(_FAILURES[said], details)
    if said != "0":
        return _error(_Code.UNKNOWN, f"status {said} of gRPC: {details}")
    status, kind = headers.get(":status", ""), headers.get("content-type", "of no type")
    code = _BY_HTTP_STATUS.get(status, _Code.UNKNOWN)
    return _error(code, f"HTTP status {status} ({kind}) and no status of gRPC")


def _error(code: grpc.StatusCode, details: str) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, details)
