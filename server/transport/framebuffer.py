"""The buffer of one large WebSocket frame, which the socket is read into."""

from __future__ import annotations

import numpy as np

from server.transport.tlssocket import LARGEST_RECORD

LARGE = 64 * 1024
"""Bytes of a frame from which on it has a buffer of its own."""
_GROWTH = 32
"""How many times what has arrived: a first read of 64 KB makes room for 2 MB."""


class FrameBuffer:
    """The bytes of a frame of ``size`` bytes, as far as they have arrived.

    ``room``: where to read the next ones. Until the frame is complete, it has space for a TLS
    record at least. The buffer grows with what has arrived, whatever size the header announces,
    and pages that no byte has reached yet take no memory.
    """

    def __init__(self, size: int, received: memoryview) -> None:
        self._size = size
        self._arrived = 0
        self._memory = self.room = memoryview(b"")
        self.add(received)

    def add(self, received: memoryview) -> memoryview:
        """Add bytes that were read into ``room``, or copy others there. Returns all so far."""
        start, end = self._arrived, self._arrived + len(received)
        if received.obj is not self._memory.obj:
            self._reserve(end)
            self._memory[start:end] = received
        self._arrived = end
        if end < self._size:
            self._reserve(end)
        return self._memory[:end]

    def _reserve(self, end: int) -> None:
        """Make room for the bytes up to ``end``, and for a TLS record behind them."""
        if len(self._memory) < end + LARGEST_RECORD:
            size = max(end, min(self._size, _GROWTH * end)) + LARGEST_RECORD
            memory = np.empty(size, np.uint8).data  # zeroing it would touch all pages
            memory[: self._arrived] = self._memory[: self._arrived]
            self._memory = memory
        self.room = self._memory[end:]
