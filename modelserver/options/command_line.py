"""Parse the command line, in TensorFlow Serving's syntax.

Values are given as ``--name=value`` or ``--name value``, booleans as ``--name`` or
``--name=false``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import Field, fields
from difflib import get_close_matches
from typing import Any

from modelserver.options.flags import NO_EFFECT, FlagError, Options

_TRUE = {"true", "1", "t", "yes"}
_FALSE = {"false", "0", "f", "no"}
_TYPES = {"int": int, "float": float, "str": str, "bool": bool}
_PORTS = {"port", "rest_api_port"}
_NOT_NEGATIVE = {
    "file_system_poll_wait_seconds",
    "grpc_max_threads",
    "max_num_load_retries",
    "max_waiting_calls",
    "model_calls_at_once",
    "num_load_threads",
    "rest_api_num_threads",
    "rest_api_timeout_in_ms",
}


def parse(arguments: Sequence[str]) -> tuple[Options, list[str]]:
    """Parse a command line; return the options, and the names of the flags that were given.

    Raise ``FlagError`` for an unknown flag or an invalid value.
    """
    known = {field.name: field for field in fields(Options)}
    values: dict[str, Any] = {}
    remaining = list(arguments)
    while remaining:
        name, value = _split(remaining.pop(0))
        if name not in known:
            raise _unknown(name, known)
        if value is None:
            value = _next_value(known[name], remaining)
        values[name] = _convert(known[name], value)
        _check_range(name, values[name])
    return Options(**values), list(values)


def notes(given: Sequence[str]) -> list[str]:
    """Return a line for each given flag that has no effect."""
    by_name = {field.name: field.metadata for field in fields(Options)}
    return [
        f"--{name} has no effect: {by_name[name][NO_EFFECT]}"
        for name in given
        if NO_EFFECT in by_name[name]
    ]


def _unknown(name: str, known: Iterable[str]) -> FlagError:
    similar = get_close_matches(name.replace("-", "_").lower(), known, n=1)
    hint = f"did you mean --{similar[0]}?" if similar else "--help=all lists every flag"
    return FlagError(f"unknown flag --{name}; {hint}")


def _split(argument: str) -> tuple[str, str | None]:
    if not argument.startswith("-") or not argument.strip("-"):
        raise FlagError(f"unexpected argument {argument!r}; flags have the form --name=value")
    name, equals, value = argument.lstrip("-").partition("=")
    return name, value if equals else None


def _next_value(field: Field[Any], remaining: list[str]) -> str:
    if field.type == "bool":
        return "true"
    if not remaining:
        raise FlagError(f"--{field.name} requires a value")
    return remaining.pop(0)


def _convert(field: Field[Any], value: str) -> Any:
    kind = _TYPES[str(field.type)]
    if kind is bool:
        if value.lower() not in _TRUE | _FALSE:
            raise FlagError(f"--{field.name} must be true or false, not {value!r}")
        return value.lower() in _TRUE
    try:
        number = kind(value)
        if kind is float and not math.isfinite(number):
            raise ValueError
        return number
    except ValueError:
        expected = "an integer" if kind is int else "a number"
        raise FlagError(f"--{field.name} must be {expected}, not {value!r}") from None


def _check_range(name: str, value: Any) -> None:
    if name in _PORTS and not 0 <= value <= 65535:
        raise FlagError(f"--{name} must be a port from 0 to 65535, not {value}")
    if name in _NOT_NEGATIVE and value < 0:
        raise FlagError(f"--{name} must not be negative: {value}")
