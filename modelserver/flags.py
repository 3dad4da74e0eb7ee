"""The command line, in TensorFlow Serving's style: ``--name=value``, ``--name value``, and for
booleans ``--name`` or ``--name=false``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any

from modelserver.options import NO_EFFECT, Options

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


class FlagError(ValueError):
    """The command line is wrong; the message is one line for the user."""


def parse(arguments: Sequence[str]) -> tuple[Options, list[str]]:
    """Read a command line.

    Returns:
        The options, and the names of the flags that were given.

    Raises:
        FlagError: a flag is unknown, or its value is not of its type.
    """
    known = {field.name: field for field in fields(Options)}
    values: dict[str, Any] = {}
    waiting = list(arguments)
    while waiting:
        name, value = _split(waiting.pop(0))
        if name not in known:
            raise FlagError(f"unknown flag --{name}")
        if value is None:
            value = _next_value(known[name], waiting)
        values[name] = _convert(known[name], value)
        _check_range(name, values[name])
    return Options(**values), list(values)


def notes(given: Sequence[str]) -> list[str]:
    """A line for each flag that was given and does nothing here."""
    by_name = {field.name: field.metadata for field in fields(Options)}
    return [
        f"--{name} has no effect: {by_name[name][NO_EFFECT]}"
        for name in given
        if NO_EFFECT in by_name[name]
    ]


def usage(prog: str = "python -m modelserver") -> str:
    """All flags with their defaults and what they do."""
    lines = [
        f"usage: {prog} --model_base_path=DIRECTORY [flags]",
        "",
        "Flags, with their defaults in brackets:",
        "",
    ]
    for field in fields(Options):
        default = "" if field.default == "" else f" [{_shown(field.default)}]"
        lines.append(f"  --{field.name}{default}\n      {field.metadata['help']}")
    return "\n".join(lines)


def _split(argument: str) -> tuple[str, str | None]:
    if not argument.startswith("-") or not argument.strip("-"):
        raise FlagError(f"{argument!r} is not a flag; flags are --name=value")
    name, equals, value = argument.lstrip("-").partition("=")
    return name, value if equals else None


def _next_value(field: Field[Any], waiting: list[str]) -> str:
    if field.type == "bool":
        return "true"
    if not waiting:
        raise FlagError(f"--{field.name} needs a value")
    return waiting.pop(0)


def _convert(field: Field[Any], value: str) -> Any:
    kind = _TYPES[str(field.type)]
    if kind is bool:
        if value.lower() not in _TRUE | _FALSE:
            raise FlagError(f"--{field.name} must be true or false, not {value!r}")
        return value.lower() in _TRUE
    try:
        return kind(value)
    except ValueError:
        wanted = "an integer" if kind is int else "a number"
        raise FlagError(f"--{field.name} must be {wanted}, not {value!r}") from None


def _check_range(name: str, value: Any) -> None:
    if name in _PORTS and not 0 <= value <= 65535:
        raise FlagError(f"--{name} must be a port from 0 to 65535, not {value}")
    if name in _NOT_NEGATIVE and value < 0:
        raise FlagError(f"--{name} must not be negative, as {value} is")


def _shown(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
