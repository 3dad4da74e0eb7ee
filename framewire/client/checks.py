"""What callers pass, checked where they pass it, and as the wire takes it. Pure.

Numbers of numpy become Python's. Each function raises TypeError for another type, and names the
option, because the gateway's answer would come too late to point at the caller's line.
"""

from __future__ import annotations

import numbers
from typing import Any

MAX_INTEGER = 2**63 - 1  # that the wire takes


def text(option: str, value: Any) -> str:
    """Return a name. Raises ValueError for an empty one."""
    if not isinstance(value, str):
        raise wrong(option, "a string", value)
    if not value:
        raise ValueError(f"'{option}' must not be empty")
    return value


def integer(option: str, value: Any) -> int:
    """Return a whole number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise wrong(option, "an integer", value)
    within(option, int(value), -MAX_INTEGER, MAX_INTEGER)
    return int(value)


def number(option: str, value: Any) -> float:
    """Return a number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise wrong(option, "a number", value)
    return float(value)


def within(option: str, value: float, least: float, most: float) -> None:
    """Raise ValueError unless ``value`` is between these bounds."""
    if not least <= value <= most:
        raise ValueError(f"'{option}' must be in {least}..{most}, not {value}")


def wrong(option: str, wanted: str, value: Any) -> TypeError:
    """Return the error for a value of another type."""
    return TypeError(f"'{option}' must be {wanted}, not {value!r} ({type(value).__name__})")
