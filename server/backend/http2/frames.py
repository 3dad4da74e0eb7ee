"""HTTP/2's frames (RFC 9113, sections 4 and 6)."""

from __future__ import annotations

import struct

DATA, HEADERS, _, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)

END_STREAM = ACK = 0x1
END_HEADERS, PADDED, PRIORITIZED = 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME = range(1, 6)

LARGEST_FRAME = 2**14
"""The payload of a frame, unless its receiver has allowed more. This client does not."""

FIRST_WINDOW = 2**16 - 1
LARGEST_WINDOW = 2**31 - 1

_HEAD = struct.Struct(">LBL")
_SETTING = struct.Struct(">HL")

Frame = tuple[int, int, int, bytes]
"""Type, flags, stream and payload."""


class ProtocolError(Exception):
    """The peer does not speak HTTP/2, or not correctly."""


head = _HEAD.pack
"""Return what precedes a payload: ``head(length << 8 | kind, flags, stream)``."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame."""
    return head(len(payload) << 8 | kind, flags, stream) + payload


def number(kind: int, stream: int, value: int) -> bytes:
    """Return a frame whose payload is a number of 32 bits."""
    return frame(kind, 0, stream, value.to_bytes(4, "big"))


def settings(values: dict[int, int]) -> bytes:
    """Return a SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*entry) for entry in values.items()))


def read_settings(payload: bytes) -> dict[int, int]:
    """Return what a SETTINGS frame says. Raises ProtocolError."""
    if len(payload) % _SETTING.size:
        raise ProtocolError("SETTINGS of a wrong length")
    values = dict(_SETTING.iter_unpack(payload))
    if values.get(INITIAL_WINDOW, 0) > LARGEST_WINDOW:
        raise ProtocolError("a window that is too large")
    if not LARGEST_FRAME <= values.get(MAX_FRAME, LARGEST_FRAME) < 2**24:
        raise ProtocolError(f"frames of at most {values[MAX_FRAME]} bytes")
    return values


def unpadded(flags: int, payload: bytes) -> bytes:
    """Return the contents of a DATA or HEADERS frame. Raises ProtocolError."""
    start, end = 0, len(payload)
    if flags & PADDED:
        start, end = 1, end - (payload[0] if payload else 0)
    if flags & PRIORITIZED:
        start += 5
    if start > end:
        raise ProtocolError("more padding than payload")
    return payload[start:end]


class FrameReader:
    """Cuts frames out of bytes as they arrive."""

    def __init__(self) -> None:
        self._incomplete = b""

    def feed(self, received: memoryview) -> list[Frame]:
        """Return the frames that are complete now. Raises ProtocolError."""
        if self._incomplete:
            received = memoryview(self._incomplete + received)
        frames, at, end = [], 0, len(received)
        while end - at >= _HEAD.size:
            first, flags, stream = _HEAD.unpack_from(received, at)
            start, length = at + _HEAD.size, first >> 8
            if length > LARGEST_FRAME:
                raise ProtocolError(f"a frame of {length} bytes")
            if start + length > end:
                break
            at = start + length
            frames.append((first & 0xFF, flags, stream & LARGEST_WINDOW, bytes(received[start:at])))
        self._incomplete = bytes(received[at:])
        return frames
