"""The numbers of RFC 6455: opcodes, close codes, and which close codes a client may send."""

from __future__ import annotations

import struct
from enum import IntEnum


class Opcode(IntEnum):
    """What a WebSocket frame carries (section 5.2)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_FINAL = 0x80
_HEADER_16, _HEADER_64 = struct.Struct(">BBH").pack, struct.Struct(">BBQ").pack


def header(opcode: int, length: int) -> bytes:
    """Return what precedes a payload of ``length`` bytes, unmasked and in one fragment."""
    first = _FINAL | opcode
    if length < 126:
        return bytes((first, length))
    return _HEADER_16(first, 126, length) if length < 2**16 else _HEADER_64(first, 127, length)


class CloseCode(IntEnum):
    """Why a connection ends: section 7.4.1 and IANA's registry."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


# 1004, 1005, 1006 and 1015 are reserved and never sent; 3000 to 4999 are for libraries,
# frameworks and applications (section 7.4).
_VALID_CLOSE_CODES = frozenset(CloseCode) | frozenset(range(3000, 5000))


class FailConnection(Exception):
    """The connection must fail (section 7.1.7): ``code`` and ``reason`` go into the close frame."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def policy_violation(reason: str) -> FailConnection:
    """Return the failure for a client that exceeds a bound of ours."""
    return FailConnection(CloseCode.POLICY_VIOLATION, reason)


def invalid_utf8() -> FailConnection:
    """Return the failure for text that is not UTF-8, in a message or in a close reason."""
    return FailConnection(CloseCode.INVALID_PAYLOAD, "invalid UTF-8")


def check_close(payload: bytes) -> None:
    """Check the payload of a client's close frame (section 5.5.1). Raises FailConnection."""
    if not payload:
        return
    if len(payload) == 1:
        raise FailConnection(CloseCode.PROTOCOL_ERROR, "close frame with half a close code")
    code = int.from_bytes(payload[:2], "big")
    if code not in _VALID_CLOSE_CODES:
        raise FailConnection(CloseCode.PROTOCOL_ERROR, f"invalid close code {code}")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise invalid_utf8() from None
