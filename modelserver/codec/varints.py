"""Protocol Buffers' integers of variable length, many at a time.

Seven bits go into a byte, the lowest first, and all bytes but the last have their highest bit set.
A number may take more bytes than it needs, up to ten, and a negative int32 may come as its 32 bits
alone: every parser takes both (they are in protobuf's conformance tests). So all numbers of one
array are written with the same number of bytes, which numpy does without a step for each number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAYOUTS = [np.dtype(words) for words in ("u1", "u2", "u4", "u4,u4", "u4,u4,u2")]
"""How a number lies in 1, 2, 4, 8 or 10 bytes: in words that hold seven bits of it a byte."""


def pack(values: NDArray[Any]) -> NDArray[np.uint8]:
    """A packed field's content.

    Args:
        values: integers in one dimension, at least one. Negative ones are written as the bits that
            they are, so they must be as wide as the field's type.
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
    """A single number, in as few bytes as it needs."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _spread(values: NDArray[Any], word: np.dtype[Any], is_last: bool) -> NDArray[Any]:
    """The lowest bits of each value, seven in each byte of a word."""
    size = word.itemsize
    rest = values.astype(word)
    spread = rest & word.type(0x7F)
    for index in range(1, size):
        rest <<= 1
        spread |= rest & word.type(0x7F << 8 * index)
    going_on = b"\x80" * (size - 1) + (b"\0" if is_last else b"\x80")
    spread |= np.frombuffer(going_on, word)
    return spread
