"""Tornado's WebSocket protocol with fewer steps for each frame.

Tornado asks its stream four times for a masked message (two bytes, the length, the
mask, the payload), and makes a task of every message that it sends. With a camera's
frames that was the gateway's largest cost. Here the stream is asked for whatever has
come, and what belongs to the next message is kept; and a message that the socket
takes at once is done at once. What the bytes mean stays Tornado's affair.
"""

from __future__ import annotations

import asyncio

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketProtocol13

# As much as a stream reads from its socket at a time.
_CHUNK_BYTES = 64 * 1024
_TEXT, _BINARY = 0x1, 0x2


class FrameProtocol(WebSocketProtocol13):
    """The server's side of one WebSocket."""

    _ahead = b""  # read from the stream already
    _at = 0  # how much of it has been given out

    def send(self, payload: bytes | str) -> asyncio.Future[None] | None:
        """Send one message. None if the socket is closed; done once the kernel has it all."""
        try:
            if isinstance(payload, str):
                return self._write_frame(True, _TEXT, payload.encode())
            return self._write_frame(True, _BINARY, payload)
        except StreamClosedError:
            return None

    async def _read_bytes(self, n: int) -> bytes:
        self._wire_bytes_in += n
        while len(self._ahead) - self._at < n:
            await self._read_on(n)
        start, end = self._at, self._at + n
        data = self._ahead[start:end]
        # A frame that was given out is not kept here until the next one comes.
        self._ahead, self._at = (b"", 0) if end == len(self._ahead) else (self._ahead, end)
        return data

    async def _read_on(self, n: int) -> None:
        """Read what has come, and all of what is missing of ``n`` bytes if it is much."""
        kept = self._ahead[self._at :]
        missing = n - len(kept)
        if missing > _CHUNK_BYTES:
            more = await self.stream.read_bytes(missing)
        else:
            more = await self.stream.read_bytes(_CHUNK_BYTES, partial=True)
        self._ahead, self._at = kept + more, 0
