"""WebSocket messages out of the bytes that a socket gives (RFC 6455, section 5)."""

from __future__ import annotations

from tornado.util import _websocket_mask

Message = tuple[int, bytes]  # opcode and payload

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PROTOCOL_ERROR, NO_TEXT, TOO_BIG = 1002, 1007, 1009

_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_NOTHING = memoryview(b"")


class BadFraming(Exception):
    """Bytes that are no WebSocket, or a message of more than is taken; ``code`` closes it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class MessageReader:
    """Takes bytes as they come, and gives each message that is whole.

    Where a message came in one piece, its payload is copied once, and nothing else is.
    A message of more than ``max_bytes`` is refused when its header tells so, and until
    then no more is kept than has come.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._came = _NOTHING
        self._kept = bytearray()  # of a frame that is not whole
        self._wanted = 0  # with fewer bytes it is not whole yet
        self._opcode = CONTINUATION  # of a message whose parts are gathered
        self._parts = bytearray()

    def feed(self, came: memoryview) -> None:
        """More bytes; until :meth:`keep` is called, ``came`` must stay as it is."""
        if not self._kept:
            self._came, self._wanted = came, 0
            return
        self._kept += came
        if len(self._kept) >= self._wanted:
            self._came, self._kept, self._wanted = memoryview(self._kept), bytearray(), 0

    def take(self) -> Message | None:
        """The next message; None until more has come, CONTINUATION for each part of a longer one.

        Raises BadFraming.
        """
        came = self._came
        if not came:
            return None
        start, end = _extent(came)
        if len(came) >= 2:
            self._check(came[0], came[1])
        if len(self._parts) + end - start > self._max_bytes:
            raise BadFraming(TOO_BIG, "message too big")
        if len(came) < end:
            self._wanted = end
            return None
        payload = _websocket_mask(bytes(came[start - 4 : start]), bytes(came[start:end]))
        self._came = came[end:]
        return self._whole(came[0], payload)

    def keep(self) -> None:
        """Copy what is left of the bytes that came, for their owner wants to write over them."""
        if self._came:
            self._kept = bytearray(self._came)
        self._came = _NOTHING

    def _check(self, first: int, second: int) -> None:
        opcode, final = first & 0x0F, first & 0x80
        if first & 0x70 or opcode not in _OPCODES:
            raise BadFraming(PROTOCOL_ERROR, "an extension that was not agreed on")
        if not second & 0x80:
            raise BadFraming(PROTOCOL_ERROR, "a frame without a mask")
        if opcode >= CLOSE:
            if second & 0x7F > 125 or not final:
                raise BadFraming(PROTOCOL_ERROR, "a control frame that is long or in parts")
        elif (opcode == CONTINUATION) != (self._opcode != CONTINUATION):
            raise BadFraming(PROTOCOL_ERROR, "parts of messages out of order")

    def _whole(self, first: int, payload: bytes) -> Message:
        opcode, final = first & 0x0F, first & 0x80
        if opcode >= CLOSE or (final and opcode != CONTINUATION):
            return opcode, payload
        self._parts += payload
        if not final:
            self._opcode = opcode or self._opcode
            return CONTINUATION, b""
        whole = self._opcode, bytes(self._parts)
        self._opcode, self._parts = CONTINUATION, bytearray()
        return whole


def _extent(came: memoryview) -> tuple[int, int]:
    """Where the payload begins and ends; less than that while the header is not whole."""
    if len(came) < 2:
        return 2, 2
    length = came[1] & 0x7F
    if length < 126:
        return 6, 6 + length
    start = 4 if length == 126 else 10
    if len(came) < start:
        return start, start
    return start + 4, start + 4 + int.from_bytes(came[2:start], "big")
