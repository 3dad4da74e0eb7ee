"""How a conformance case is written down, and the bytes that it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from server.transport.reader import CLOSE, CONTINUATION, Message
from tests.server.raw_peer import frame


@dataclass(frozen=True)
class Case:
    """One conversation: ``sent`` in these pieces, and ``replies`` in this order."""

    name: str
    sent: tuple[bytes, ...]
    replies: tuple[Message, ...] = ()


def closed(code: int) -> Message:
    """A close frame with this code."""
    return CLOSE, code.to_bytes(2, "big")


def close(code: int, reason: bytes = b"") -> bytes:
    """A client's close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def fragments(opcode: int, *parts: bytes, between: bytes = b"") -> bytes:
    """A fragmented message, with ``between`` between every two fragments."""
    last = len(parts) - 1
    frames = [
        frame(CONTINUATION if number else opcode, part, final=number == last)
        for number, part in enumerate(parts)
    ]
    return between.join(frames)


def chopped(stream: bytes, size: int) -> tuple[bytes, ...]:
    """The same bytes in pieces of ``size``."""
    return tuple(stream[start : start + size] for start in range(0, len(stream), size))


def octets(text: bytes) -> tuple[bytes, ...]:
    """Each byte by itself."""
    return chopped(text, 1)
