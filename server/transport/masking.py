"""Removes the mask from what a client sends (RFC 6455, section 5.3), where the bytes are."""

from __future__ import annotations

import numpy as np

from server.transport.tornado_private import unmask

# On less, calling numpy takes longer than it saves: a lone frame finds the caches cold.
_SMALL = 64 * 1024
_WORD = 8


def unmasked(frame: memoryview, start: int, end: int) -> memoryview | bytes:
    """Return the payload of a WebSocket frame, from ``start`` to ``end``.

    The four bytes before it are its mask. A picture is unmasked in place if it can be. The
    payload is then a part of ``frame``, so that decoding it makes the only copy.
    """
    mask, payload = bytes(frame[start - 4 : start]), frame[start:end]
    if end - start < _SMALL or frame.readonly:
        return unmask(mask, bytes(payload))
    # Buffers begin at a multiple of a word, and so do most frames.
    head = -start % _WORD
    words = np.frombuffer(payload, np.uint64, (end - start - head) // _WORD, head)
    if not words.flags.aligned:  # numpy would copy them first
        return unmask(mask, bytes(payload))
    key = mask[head % 4 :] + mask[: head % 4]
    words ^= np.frombuffer(key + key, np.uint64)
    rest = head + words.nbytes
    if head:
        payload[:head] = unmask(mask, bytes(payload[:head]))
    if rest < len(payload):
        payload[rest:] = unmask(key, bytes(payload[rest:]))
    return payload
