"""Header blocks (RFC 7541), without the dynamic table.

A client that sets the table's size to 0 gets blocks that depend on nothing before them. So
those that return, such as the headers of an answer, are decoded once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from server.backend.http2.frames import ProtocolError
from server.backend.http2.huffman import decoded

Headers = dict[str, str]

_VALUES = {
    2: "GET", 3: "POST", 4: "/", 5: "/index.html", 6: "http", 7: "https", 8: "200", 9: "204",
    10: "206", 11: "304", 12: "400", 13: "404", 14: "500", 16: "gzip, deflate",
}  # fmt: skip
_NAMES = (
    " :authority :method :method :path :path :scheme :scheme"
    + " :status" * 7
    + " accept-charset accept-encoding accept-language accept-ranges accept"
    " access-control-allow-origin age allow authorization cache-control content-disposition"
    " content-encoding content-language content-length content-location content-range"
    " content-type cookie date etag expect expires from host if-match if-modified-since"
    " if-none-match if-range if-unmodified-since last-modified link location max-forwards"
    " proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie"
    " strict-transport-security transfer-encoding user-agent vary via www-authenticate"
).split(" ")
_INDICES = {name: index for index, name in reversed(list(enumerate(_NAMES)))}
_EXACT = {(_NAMES[index], value): index for index, value in _VALUES.items()}

# How an entry begins: an index of the table above, or a value for a name of it or for a new one,
# which is to be remembered, or not, or never; or a new size of the table that is not used here.
_INDEXED, _INDEXING, _RESIZE = 0x80, 0x40, 0x20
_NEW_NAME = (0x00, 0x10, _INDEXING)
_HUFFMAN = 0x80
_LONG = 0x7F  # from this length on, it takes more than a byte


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the block of ``headers``, of which the peer need not remember any."""
    block = bytearray()
    for name, value in headers:
        exact = _EXACT.get((name, value))
        if exact is not None:
            block += _number(exact, 7, _INDEXED)
            continue
        index = _INDICES.get(name, 0)
        block += _number(index, 4, 0) + (b"" if index else _text(name)) + _text(value)
    return bytes(block)


@lru_cache(maxsize=64)
def decode(block: bytes) -> Headers:
    """Return the headers of a block; do not change them. Raises ProtocolError."""
    headers: Headers = {}
    at, end = 0, len(block)
    try:
        while at < end:
            first = block[at]
            if first & _INDEXED:
                index, at = _read_number(block, at, 7)
                headers[_name(index)] = _VALUES.get(index, "")
            elif first in _NEW_NAME:
                name, at = _read_text(block, at + 1)
                headers[name], at = _read_text(block, at)
            elif first & (_INDEXING | _RESIZE) == _RESIZE:
                _, at = _read_number(block, at, 5)
            else:
                index, at = _read_number(block, at, 6 if first & _INDEXING else 4)
                headers[_name(index)], at = _read_text(block, at)
    except IndexError:
        raise ProtocolError("a broken header block") from None
    return headers


def _name(index: int) -> str:
    if not 0 < index < len(_NAMES):
        raise ProtocolError(f"header {index} of a table that is empty")
    return _NAMES[index]


def _number(value: int, bits: int, pattern: int) -> bytes:
    """Encode an integer in the last ``bits`` of a byte that begins with ``pattern``, and on."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((pattern | value,))
    encoded = bytearray((pattern | most,))
    value -= most
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_number(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """Return an integer and where it ends."""
    most = (1 << bits) - 1
    value, at = block[at] & most, at + 1
    if value < most:
        return value, at
    for shift in range(0, 28, 7):
        byte, at = block[at], at + 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ProtocolError("a number that is too large")


def _text(text: str) -> bytes:
    encoded = text.encode("latin-1")
    return _number(len(encoded), 7, 0) + encoded


def _read_text(block: bytes, at: int) -> tuple[str, int]:
    """Return a string and where it ends."""
    first, start = block[at], at + 1
    length = first
    if first >= _LONG:
        length, start = _read_number(block, at, 7)
    end = start + length
    if end > len(block):
        raise IndexError
    text = block[start:end]
    return decoded(text) if first & _HUFFMAN else text.decode("latin-1"), end
