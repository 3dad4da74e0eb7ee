"""One value of a setting, from text or TOML, checked against its row of the table."""

from __future__ import annotations

import re
from dataclasses import Field
from typing import Any

from server.settings.errors import WrongSetting

_PARSERS: dict[str, type] = {"int": int, "float": float, "str": str}
# What TOML may give. bool is a subclass of int, and not a number here.
_TOML_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": ()}
_UNITS = {
    "_ms": "milliseconds",
    "_s": "seconds",
    "_h": "hours",
    "_bytes": "bytes",
    "_mb": "megabytes",
}
_DESCRIPTIONS = {"int": "an integer", "float": "a number", "str": "a string"}


def parse(row: Field[Any], where: str, value: Any) -> Any:
    """Return ``value`` as the row's type; ``where`` names its origin in errors.

    Raises WrongSetting if it has another type, is out of range or does not match the pattern.
    """
    parsed = _convert(row, where, value)
    low, high, pattern = (row.metadata[name] for name in ("low", "high", "pattern"))
    # Written so that NaN, which compares false with everything, is out of range.
    if low is not None and not low <= parsed <= high:
        raise WrongSetting(f"{where}: must be between {low} and {high}, not {_shortened(parsed)}")
    if isinstance(parsed, str) and "\0" in parsed:
        raise WrongSetting(f"{where}: must not contain a null character")
    if pattern and not re.fullmatch(pattern, parsed):
        raise WrongSetting(f"{where}: must be {row.metadata['syntax']}, not {_shortened(parsed)}")
    return parsed


def _convert(row: Field[Any], where: str, value: Any) -> Any:
    kind = str(row.type)
    try:
        # Flags and variables can only give a number as text, so text is parsed; but TOML's
        # numbers are never taken for text.
        if not isinstance(value, str) and type(value) not in _TOML_TYPES[kind]:
            raise ValueError
        return _PARSERS[kind](value)
    except (OverflowError, ValueError):
        shown = "" if row.metadata["secret"] else f", not {_shortened(value)}"
        expected = _DESCRIPTIONS[kind] + (_unit(row.name) if kind != "str" else "")
        if kind == "str" and isinstance(value, list):
            expected += ", with commas between several values"
        raise WrongSetting(f"{where}: must be {expected}{shown}") from None


def _unit(name: str) -> str:
    """Return a setting's unit, which the value does not repeat, in parentheses."""
    if name.endswith(("_per_s", "_per_min")):
        return ""
    return next((f" ({unit})" for end, unit in _UNITS.items() if name.endswith(end)), "")


def _shortened(value: object) -> str:
    text = repr(value) if isinstance(value, str | list | dict) else str(value)
    if isinstance(value, bool):
        text = text.lower()  # as TOML writes it
    return text if len(text) <= 80 else f"{text[:77]}..."
