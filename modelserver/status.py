"""Status codes, and the one error that a caller of the model server can see."""

from __future__ import annotations

from enum import IntEnum

MAX_MESSAGE_BYTES = 1024
_TRUNCATED = "...TRUNCATED"


class Code(IntEnum):
    """The canonical codes that gRPC and TensorFlow share, by their numbers."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class ServingError(Exception):
    """A call, a load or a start that failed for a reason the caller is told.

    Attributes:
        code: what kind of failure it is.
        message: one line for the caller.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


def invalid(message: str) -> ServingError:
    """The commonest error: the request itself is wrong."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def truncate(message: str) -> str:
    """Cut a message to what TensorFlow Serving lets through, so that it fits into a header."""
    encoded = message.encode()
    if len(encoded) <= MAX_MESSAGE_BYTES:
        return message
    return encoded[:MAX_MESSAGE_BYTES].decode(errors="ignore") + _TRUNCATED
