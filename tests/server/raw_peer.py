"""A WebSocket peer that does only what it is told: it answers no ping and no close."""

from __future__ import annotations

import asyncio

from tests.server.handlers.conftest import Served

PATIENCE_S = 5.0
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

MASK = b"\x01\x80\xff\x7e"


def frame(opcode: int, payload: bytes = b"", final: bool = True, mask: bytes = MASK) -> bytes:
    """One frame of RFC 6455, as a client sends it."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 2**16:
        size = b"\xfe" + length.to_bytes(2, "big")
    else:
        size = b"\xff" + length.to_bytes(8, "big")
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([opcode | (0x80 if final else 0)]) + size + mask + masked


class RawPeer:
    """Frames of RFC 6455 over a plain connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, served: Served, behind: bytes = b"") -> RawPeer:
        """Connect and shake hands; ``behind`` goes into the same packet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(HANDSHAKE + behind)
        assert b" 101 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        return cls(reader, writer)

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one frame."""
        self._writer.write(frame(opcode, payload))

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    async def written(self) -> None:
        """Wait until most of what was sent is on its way."""
        await self._writer.drain()

    async def read(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload, of less than 64 KB."""
        head = await asyncio.wait_for(self._reader.readexactly(2), PATIENCE_S)
        length = head[1]
        if length == 126:
            length = int.from_bytes(await self._reader.readexactly(2), "big")
        return head[0] & 0x0F, await self._reader.readexactly(length)

    async def ended(self) -> bool:
        """Whether the server ends the connection."""
        return await asyncio.wait_for(self._reader.read(), PATIENCE_S) == b""

    def leave(self) -> None:
        """End the connection without a word."""
        self._writer.close()
