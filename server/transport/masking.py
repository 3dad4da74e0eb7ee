"""Removes the mask from what a client sends (RFC 6455, section 5.3), where the bytes are."""

from __future__ import annotations

import sys

import numpy as np

from server.transport.tornado_private import unmask

# On less, calling numpy takes longer than it saves.
_LARGE = 16 * 1024
_WORD = 4


def unmasked(frame: memoryview, start: int, end: int) -> memoryview | bytes:
    """Return the payload of a WebSocket frame, from ``start`` to ``end``.

    The four bytes before it are its mask. A large one is unmasked in place if it can be. It
    is then a part of ``frame``, so that decoding it makes the only copy.
    """
    mask = bytes(frame[start - 4 : start])
    if end - start < _LARGE or frame.readonly:
        # An array, because ``unmask`` takes no memoryview, and would have it copied first.
        return unmask(mask, np.frombuffer(frame, np.uint8, end - start, start))
    # Buffers begin at a multiple of a word, and so do most payloads.
    head = -start % _WORD
    words = np.frombuffer(frame, np.uint32, (end - start - head) // _WORD, start + head)
    payload = frame[start:end]
    if not words.flags.aligned:  # numpy would copy them first
        return unmask(mask, bytes(payload))
    key = mask[head:] + mask[:head]
    np.bitwise_xor(words, int.from_bytes(key, sys.byteorder), words)
    rest = head + words.nbytes
    if head:
        payload[:head] = unmask(mask, bytes(payload[:head]))
    if rest < len(payload):
        payload[rest:] = unmask(key, bytes(payload[rest:]))
    return payload
