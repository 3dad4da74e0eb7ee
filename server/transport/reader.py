"""Turns the bytes of a socket into WebSocket messages (RFC 6455, section 5).

A message arrives in one or more WebSocket frames, its fragments. Between them the
client may send control frames, each of which is a message of its own.
"""

from __future__ import annotations

import time

from server.transport.framebuffer import LARGE, FrameBuffer
from server.transport.masking import unmasked
from server.transport.rfc6455 import CloseCode, FailConnection, Opcode
from server.transport.textcheck import TextCheck

Message = tuple[int, bytes | memoryview]  # opcode and payload

# Plain names, because looking up a member of an Enum costs a call in Python 3.10.
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = Opcode

_OPCODES = frozenset(Opcode)
_MASKED, _FINAL = 0x80, 0x80
_WHOLE_BINARY = _FINAL | BINARY  # begins a message in one fragment, as almost all are
_NOTHING = memoryview(b"")


class MessageReader:
    """Takes bytes as they arrive and returns each message once it is complete.

    The payload of a large message in one fragment is not copied: it is a part of the bytes
    received, and as short-lived. A message of more than ``max_bytes``, which may change, is
    rejected as soon as a header announces it, and the reader never buffers more than has arrived.
    ``room``: where the next bytes of a large one should be read, so that they need not be copied.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._received = _NOTHING
        self._incomplete = bytearray()  # a WebSocket frame that has arrived in part
        self._large: FrameBuffer | None = None  # in its place for more than LARGE bytes
        self.room: memoryview | None = None
        self._payload_start = 0  # in either
        self._needed = 0  # bytes that complete its header or its payload
        self._incomplete_since: float | None = None
        self.began: float | None = None  # when the last message began; None: with its last bytes
        self._opcode: int = CONTINUATION  # of the message whose fragments are arriving
        self._fragments = bytearray()
        self._text: TextCheck | None = None  # of a text message that is not complete

    def feed(self, received: memoryview) -> None:
        """Add bytes, which must stay unchanged until :meth:`keep`. Raises FailConnection."""
        if self._large is not None:
            received, self.room = self._large.add(received), self._large.room
        elif self._incomplete:
            self._incomplete += received
            received = memoryview(self._incomplete)
        else:
            self._received, self._needed = received, 0
            return
        if len(received) < self._needed:
            self._check_text(received)
            return
        self._received, self._incomplete, self._needed = received, bytearray(), 0
        self._large = self.room = None

    def take(self) -> Message | None:
        """Return the next message, or None until more bytes arrive. Use it before the next call.

        Each fragment but the last is returned as CONTINUATION, so that the caller can
        count it. Raises FailConnection.
        """
        received = self._received
        if not received:
            return None
        start, end = _payload_range(received)
        usual = received[0] == _WHOLE_BINARY and self._opcode == CONTINUATION
        if len(received) >= 2 and not (usual and received[1] & _MASKED):
            self._check_header(received[0], received[1])
        size = end - start
        if received[0] & 0x0F < CLOSE:  # one may arrive between the fragments of another message
            size += len(self._fragments)
        if size > self.max_bytes:
            raise FailConnection(CloseCode.MESSAGE_TOO_BIG, "message too big")
        if len(received) < end:
            self._payload_start, self._needed = start, end
            if self._incomplete_since is None:
                self._incomplete_since = time.monotonic()
            self._check_text(received)
            return None
        payload = unmasked(received, start, end)
        self._received = received[end:]
        self.began, self._incomplete_since = self._incomplete_since, None
        return (BINARY, payload) if usual else self._message(received[0], payload)

    def keep(self) -> None:
        """Copy the remaining bytes, because the caller is about to overwrite them."""
        received, self._received = self._received, _NOTHING
        if not received:
            return
        if self._needed > LARGE:
            self._large = FrameBuffer(self._needed, received)
            self.room = self._large.room
        else:
            self._incomplete = bytearray(received)

    def _check_header(self, first: int, second: int) -> None:
        opcode, final = first & 0x0F, first & 0x80
        if first & 0x70:
            raise _protocol_error("reserved bits set without an extension")
        if opcode not in _OPCODES:
            raise _protocol_error(f"unknown opcode {opcode}")
        if not second & 0x80:
            raise _protocol_error("unmasked WebSocket frame")
        if opcode >= CLOSE:
            if second & 0x7F > 125 or not final:
                raise _protocol_error("fragmented or oversized control frame")
        elif (opcode == CONTINUATION) != (self._opcode != CONTINUATION):
            raise _protocol_error("message fragments out of order")

    def _message(self, first: int, payload: bytes | memoryview) -> Message:
        opcode, final = first & 0x0F, first & 0x80
        if opcode >= CLOSE:
            return opcode, payload
        if final and opcode != CONTINUATION:
            self._text = None
            return opcode, payload
        self._fragments += payload
        if not final:
            self._opcode = opcode or self._opcode
            self._check_fragment(bytes(payload))
            return CONTINUATION, b""
        message = self._opcode, bytes(self._fragments)
        self._opcode, self._fragments, self._text = CONTINUATION, bytearray(), None
        return message

    def _check_text(self, frame: memoryview) -> None:
        """Check a WebSocket frame that has arrived in part, if it belongs to a text message."""
        start = self._payload_start
        if (frame[0] & 0x0F or self._opcode) == TEXT and len(frame) > start:
            self._text = self._text or TextCheck()
            self._text.partial(bytes(frame[start - 4 : start]), frame[start:])

    def _check_fragment(self, payload: bytes) -> None:
        if self._opcode == TEXT:
            self._text = self._text or TextCheck()
            self._text.fragment(payload)


def _protocol_error(reason: str) -> FailConnection:
    return FailConnection(CloseCode.PROTOCOL_ERROR, reason)


def _payload_range(received: memoryview) -> tuple[int, int]:
    """Return where the payload starts and ends; without a complete header, a lower bound."""
    if len(received) < 2:
        return 2, 2
    length = received[1] & 0x7F
    if length < 126:
        return 6, 6 + length
    start = 4 if length == 126 else 10
    if len(received) < start:
        return start, start
    return start + 4, start + 4 + int.from_bytes(received[2:start], "big")
