"""Single fields of a message: each of its type and within its bounds.

A missing field is None. All raise BadMessage, which names the field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from server.core.errors import BadMessage

MAX_NAME = 256
# Integers that are echoed: the range of msgpack.
MIN_NUMBER, MAX_NUMBER = -(2**63), 2**64 - 1

Fields = Mapping[str, Any]


def read_share(fields: Fields, name: str) -> int | float | None:
    """Return a number from 0 to 1; None: there is none."""
    value = read_number(fields, name)
    if value is not None and not 0 <= value <= 1:
        raise BadMessage(f"{name!r} must be a number from 0 to 1")
    return value


def read_text(fields: Fields, name: str, longest: int) -> str | None:
    """Return printable text of at most ``longest`` characters; None: there is none."""
    value = fields.get(name)
    if value is None:
        return None
    # isprintable also excludes lone surrogates, which no encoding can carry.
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise BadMessage(f"{name!r} must be a string of 1 to {longest} printable characters")
    return value


def read_integer(fields: Fields, name: str, low: int, high: int) -> int | None:
    """Return an integer from ``low`` to ``high``; None: there is none."""
    value = fields.get(name)
    if value is None:
        return None
    # JavaScript's msgpack libraries send some integers as floats.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadMessage(f"{name!r} must be an integer from {low} to {high}")
    return value


def read_number(fields: Fields, name: str) -> int | float | None:
    """Return a finite number of at most 64 bits; None: there is none."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, float) and math.isfinite(value):
        return value
    if type(value) is int and MIN_NUMBER <= value <= MAX_NUMBER:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise BadMessage(f"{name!r} must be finite and fit into 64 bits")
    raise BadMessage(f"{name!r} must be a number, not {kind_of(value)}")


_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    bytes: "bin",
    list: "an array",
    dict: "a map",
}


def kind_of(value: object) -> str:
    """Return what a value is, in the words of errors."""
    return _KINDS.get(type(value), "an extension type")
