"""Vectorized Protocol Buffers varints.

A varint stores seven bits per byte, lowest first; every byte except the last has its highest bit
set. A value may take more bytes than necessary, up to ten, and a negative int32 may be written as
32 bits: every parser accepts both, as protobuf's conformance tests require. So all values of an
array are written with the same number of bytes, which numpy does without a loop over the values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAYOUTS = [np.dtype(words) for words in ("u1", "u2", "u4", "u4,u4", "u4,u4,u2")]
"""Words that make up a value of 1, 2, 4, 8 or 10 bytes."""


def pack(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the content of a packed field.

    ``values`` is a non-empty one-dimensional integer array. Negative values are written as their
    two's-complement bits, so the array must be as wide as the field's type.
    """
    values = values.view(f"u{values.itemsize}")
    bits = int(values.max()).bit_length()
    layout = next(layout for layout in _LAYOUTS if bits <= 7 * layout.itemsize)
    if layout.names is None:
        return _spread(values, layout, is_last=True).view(np.uint8)
    packed = np.empty(len(values), layout)
    shift = 0
    for name in layout.names:
        word = layout[name]
        packed[name] = _spread(values >> shift, word, is_last=name == layout.names[-1])
        shift += 7 * word.itemsize
    return packed.view(np.uint8)


def one(value: int) -> bytes:
    """Encode a single value in as few bytes as possible."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _spread(values: NDArray[Any], word: np.dtype[Any], is_last: bool) -> NDArray[Any]:
    """Spread the lowest bits of each value over the bytes of a word, seven per byte."""
    size = word.itemsize
    rest = values.astype(word)
    spread: NDArray[Any] = rest & word.type(0x7F)
    for index in range(1, size):
        rest <<= 1
        spread |= rest & word.type(0x7F << 8 * index)
    continuation = b"\x80" * (size - 1) + (b"\0" if is_last else b"\x80")
    spread |= np.frombuffer(continuation, word)
    return spread
