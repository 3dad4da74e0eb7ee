"""Strings in header blocks that are shortened by HPACK's Huffman code (RFC 7541, appendix B)."""

from __future__ import annotations

# By the length of their codes in bits. Codes of one length follow one another, and those of the
# next length follow these, so no code needs to be written down.
_BY_BITS = {
    5: "012aceiost",
    6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: "&*,;XZ",
    10: '!"()?',
    11: "'+|",
    12: "#>",
    13: "\0$@[]~",
    14: "^}",
    15: "<`{",
    19: "\\",
}
_MOST_PADDING = 7  # bits
_UNKNOWN = "\ufffd"


def _codes() -> dict[tuple[int, int], str]:
    """Return each character by the bits of its code and its code."""
    codes, code, before = {}, 0, 0
    for bits, characters in _BY_BITS.items():
        code <<= bits - before
        for character in characters:
            codes[bits, code] = character
            code += 1
        before = bits
    return codes


_CODES = _codes()


def decoded(data: bytes) -> str:
    """Return a string, as far as it is ASCII: gRPC's headers are."""
    text, code, bits = [], 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code, bits = code << 1 | byte >> shift & 1, bits + 1
            character = _CODES.get((bits, code))
            if character is not None:
                text.append(character)
                code = bits = 0
    if bits > _MOST_PADDING:
        text.append(_UNKNOWN)
    return "".join(text)
