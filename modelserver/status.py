"""Status codes, and the error that every failed call raises."""

from __future__ import annotations

from enum import IntEnum

MAX_MESSAGE_BYTES = 1024
_TRUNCATED = "...TRUNCATED"


class Code(IntEnum):
    """Canonical status codes, shared by gRPC and TensorFlow."""

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
    """A call, a load or a start that failed, with the reason that the caller gets.

    ``code`` classifies the failure; ``message`` is one line.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


class CannotListen(ServingError):
    """An address that the server cannot listen on; ``flag`` chooses another."""

    def __init__(self, problem: str, flag: str) -> None:
        super().__init__(Code.UNAVAILABLE, f"{problem}; choose another with {flag}")


def invalid(message: str) -> ServingError:
    """Return the most common error: INVALID_ARGUMENT, the request is wrong."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def truncate(message: str) -> str:
    """Cut a message to the length that TensorFlow Serving allows, so that it fits in a header."""
    encoded = message.encode()
    if len(encoded) <= MAX_MESSAGE_BYTES:
        return message
    return encoded[:MAX_MESSAGE_BYTES].decode(errors="ignore") + _TRUNCATED
