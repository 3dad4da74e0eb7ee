"""What a model server's status code means to a batch.

======================  ==================================================  ==================
code                    when                                                becomes
======================  ==================================================  ==================
NOT_FOUND               ``... not found for request: Specific(...)``        NotLoaded
NOT_FOUND               anything else: no such model                        UnknownModel
INVALID_ARGUMENT        ``Unrecognized servable version label``             UnknownModel
INVALID_ARGUMENT        the signature is not what was discovered            SignatureChanged
INVALID_ARGUMENT        anything else: an op refused the contents           BatchRejected
OUT_OF_RANGE            an op refused the contents                          BatchRejected
FAILED_PRECONDITION     ``Serving signature key ... not found``             UnknownModel
FAILED_PRECONDITION     anything else: the version is broken, not a frame   ModelFailed
DEADLINE_EXCEEDED       connected                                           DeadlineExceeded
DEADLINE_EXCEEDED       still connecting                                    BackendUnavailable
UNAVAILABLE             ``The batch scheduling queue ... is full``          Overloaded
UNAVAILABLE             no connection, or it broke                          BackendUnavailable
CANCELLED               it stops, and ends its calls (ours raise nothing)   BackendUnavailable
RESOURCE_EXHAUSTED      the request is too large; its parts may not be      RequestTooLarge
RESOURCE_EXHAUSTED      anything else: the model server's queue is full     Overloaded
others                                                                      ModelFailed
======================  ==================================================  ==================

A broken version (with variables missing, for example) answers FAILED_PRECONDITION to
every frame. Retrying such a batch in parts would multiply the calls and blame innocent
frames, so only the codes that concern contents lead to a retry.
"""

from __future__ import annotations

from collections.abc import Callable

import grpc

from server.core.errors import (
    BackendUnavailable,
    BatchRejected,
    DeadlineExceeded,
    ModelFailed,
    NotLoaded,
    Overloaded,
    UnknownModel,
)

MAX_MESSAGE_CHARS = 300

# TF Serving's messages for a signature that has changed since it was discovered.
_SIGNATURE_CHANGED = (
    "input size does not match signature",
    "not found in request and no default value provided",
    "output tensor alias not found in signature",
    "Expects arg[",
)

# What the gRPC libraries of several languages say of a request that is too large.
_TOO_LARGE = ("message larger than max", "message exceeds maximum", "message exceeds the maximum")


class SignatureChanged(ModelFailed):
    """The model server's signature is no longer the one that was discovered."""


class RequestTooLarge(BatchRejected):
    """The model server, or what lies between, takes no request of this size."""


def failure(code: grpc.StatusCode, details: str | None, connected: bool) -> Exception:
    """Return the exception of a failed call. ``connected``: whether the channel was ready."""
    message = one_line(details or code.name)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED and not connected:
        return BackendUnavailable("no connection to the model server yet")
    return _KINDS.get(code, _model_failed)(message)


def one_line(text: str) -> str:
    """Return ``text`` without line breaks, cut to ``MAX_MESSAGE_CHARS``."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_MESSAGE_CHARS else line[: MAX_MESSAGE_CHARS - 3] + "..."


def _not_found(message: str) -> Exception:
    # For the newest version, TF Serving says Latest(...).
    return NotLoaded(message) if "Specific(" in message else UnknownModel(message)


def _invalid_argument(message: str) -> Exception:
    if "Unrecognized servable version label" in message:
        return UnknownModel(message)
    if any(words in message for words in _SIGNATURE_CHANGED):
        return SignatureChanged(f"the model's signature has changed: {message}")
    return BatchRejected(message)


def _failed_precondition(message: str) -> Exception:
    if "Serving signature key" in message:
        return UnknownModel(message)
    return _model_failed(message)


def _model_failed(message: str) -> Exception:
    return ModelFailed(f"the model server failed: {message}")


def _unavailable(message: str) -> Exception:
    # The answer of TF Serving's own batching; the connection is fine.
    if "batch scheduling queue" in message:
        return _overloaded(message)
    return BackendUnavailable("the model server cannot be reached", message)


def _cancelled(message: str) -> Exception:
    return BackendUnavailable("the model server has ended the call", message)


def _exhausted(message: str) -> Exception:
    if any(words in message for words in _TOO_LARGE):
        return RequestTooLarge(message)
    return _overloaded(message)


def _overloaded(message: str) -> Exception:
    return Overloaded(f"the model server is full: {message}")


def _unimplemented(message: str) -> Exception:
    return ModelFailed(f"the model server does not offer this call: {message}")


_KINDS: dict[grpc.StatusCode, Callable[[str], Exception]] = {
    grpc.StatusCode.NOT_FOUND: _not_found,
    grpc.StatusCode.INVALID_ARGUMENT: _invalid_argument,
    grpc.StatusCode.OUT_OF_RANGE: BatchRejected,
    grpc.StatusCode.FAILED_PRECONDITION: _failed_precondition,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.UNAVAILABLE: _unavailable,
    grpc.StatusCode.CANCELLED: _cancelled,
    grpc.StatusCode.RESOURCE_EXHAUSTED: _exhausted,
    grpc.StatusCode.UNIMPLEMENTED: _unimplemented,
}
