"""A WebSocket client that does only what it is told to: it answers neither pings nor closes."""

from __future__ import annotations

import asyncio
import ssl

PATIENCE_S = 20.0
MASK = b"\x01\x80\xff\x7e"


def handshake(*headers: str) -> bytes:
    """An opening handshake for ``/ws``."""
    lines = (
        "GET /ws HTTP/1.1",
        "Host: h",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def frame(
    opcode: int, payload: bytes = b"", final: bool = True, rsv: int = 0, mask: bytes = MASK
) -> bytes:
    """One WebSocket frame, as a client sends it; ``rsv``: its three reserved bits."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 2**16:
        size = b"\xfe" + length.to_bytes(2, "big")
    else:
        size = b"\xff" + length.to_bytes(8, "big")
    key = (mask * (length // 4 + 1))[:length]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
    return bytes([(0x80 if final else 0) | rsv << 4 | opcode]) + size + mask + masked


class RawPeer:
    """WebSocket frames over a plain or a TLS connection. ``response``: to the handshake."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, response: bytes
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.response = response

    @classmethod
    async def connect(
        cls,
        port: int,
        behind: bytes = b"",
        headers: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
    ) -> RawPeer:
        """Connect and shake hands; ``behind`` goes into the same packet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        writer.write(handshake(*headers) + behind)
        response = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        assert b" 101 " in response
        return cls(reader, writer, response)

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one WebSocket frame."""
        self._writer.write(frame(opcode, payload))

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    async def written(self) -> None:
        """Wait until most of what was sent is on its way."""
        await self._writer.drain()

    async def read(self) -> tuple[int, bytes]:
        """Read the next WebSocket frame; return its opcode and payload."""
        return await asyncio.wait_for(self._read(), PATIENCE_S)

    async def _read(self) -> tuple[int, bytes]:
        first, length = await self._reader.readexactly(2)
        if length > 125:
            size = await self._reader.readexactly(2 if length == 126 else 8)
            length = int.from_bytes(size, "big")
        return first & 0x0F, await self._reader.readexactly(length)

    async def ended(self) -> bool:
        """Whether the server ends the connection and sends nothing before that."""
        return await asyncio.wait_for(self._reader.read(), PATIENCE_S) == b""

    def leave(self) -> None:
        """End the connection without a close frame."""
        self._writer.close()
