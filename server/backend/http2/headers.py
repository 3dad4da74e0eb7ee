"""Header blocks (RFC 7541), without the dynamic table.

A client that sets the table's size to 0 gets blocks that depend on nothing before them. So
those that return, such as the headers of an answer, are decoded once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from hpack import Decoder, Encoder, HPACKError

from server.backend.http2.frames import ProtocolError

Headers = dict[str, str]

NO_TABLE = b"\x20"
"""Begins a request's block: its peer's table stays empty. A peer that allows less than the usual
4096 bytes insists on being told, and refuses the block otherwise."""


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the block of ``headers``, none of which the peer may remember."""
    block: bytes = _ENCODER.encode([(name, value, True) for name, value in headers], huffman=False)
    return block


@lru_cache(maxsize=64)
def decode(block: bytes) -> Headers:
    """Return the headers of a block; do not change them. Raises ProtocolError."""
    try:
        return {str(name): str(value) for name, value in _DECODER.decode(block)}
    except (HPACKError, UnicodeDecodeError) as error:
        raise ProtocolError(f"a broken header block: {error}") from None


def _decoder() -> Decoder:
    decoder = Decoder()
    decoder.max_allowed_table_size = decoder.header_table_size = 0
    return decoder


_ENCODER, _DECODER = Encoder(), _decoder()
