"""Walk the top-level fields of a serialized protocol buffer without knowing its message type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_HEAD = 512


class Field(NamedTuple):
    """One field: its number, its wire type, and the first 512 bytes of a length-delimited one."""

    number: int
    wire_type: int
    head: bytes = b""


def fields(file: BinaryIO, size: int) -> Iterator[Field]:
    """Yield the fields of the message in the next ``size`` bytes.

    Raise ``ValueError`` where they are not a message, or end in the middle of a field.
    """
    end = file.tell() + size
    while file.tell() < end:
        key = _varint(file)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise ValueError("field 0")
        yield Field(number, wire_type, _value(file, wire_type, end))


def _value(file: BinaryIO, wire_type: int, end: int) -> bytes:
    """Skip a value, and return the head of a length-delimited one."""
    head = b""
    if wire_type == VARINT:
        _varint(file)
        return head
    sizes = {FIXED64: 8, FIXED32: 4}
    length = _varint(file) if wire_type == LENGTH else sizes.get(wire_type)
    if length is None or file.tell() + length > end:
        raise ValueError(f"wire type {wire_type} does not fit")
    start = file.tell()
    if wire_type == LENGTH:
        head = file.read(min(length, _HEAD))
    file.seek(start + length)
    return head


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("the message ends in the middle of a number")
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise ValueError("a number of more than ten bytes")
