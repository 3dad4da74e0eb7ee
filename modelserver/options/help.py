"""The text of ``--help``: common flags on one screen, and all flags with ``--help=all``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from modelserver.options.flags import COMMON, GROUP, GROUPS, HELP, Options

WIDTH = 80
_COLUMN = 32
_UNITS = {
    "base_path": "DIRECTORY",
    "socket_path": "PATH",
    "config_file": "FILE",
    "parameters_file": "FILE",
    "port": "PORT",
    "host": "ADDRESS",
    "name": "NAME",
    "tags": "TAGS",
    "seconds": "SECONDS",
    "micros": "MICROSECONDS",
    "in_ms": "MILLISECONDS",
}

_HEAD = """\
usage: {prog} --model_base_path=DIRECTORY [flags]

Serve TensorFlow SavedModels over gRPC and REST, as TensorFlow Serving does.
"""
_EXAMPLES = """
Examples:
  {prog} --model_name=digits --model_base_path=models/digits
  {prog} --model_config_file=models.config --rest_api_port=8501
"""
_MORE = "\nMore flags: {prog} --help=all"


def usage(prog: str, all_flags: bool = False) -> str:
    """Return the help text, with every flag or only the common ones."""
    lines = [_HEAD]
    for group in GROUPS:
        members = [flag for flag in fields(Options) if flag.metadata[GROUP] == group]
        shown = [flag for flag in members if all_flags or flag.metadata[COMMON]]
        if shown:
            lines.append(f"{group}:")
            lines.extend(line for flag in shown for line in _lines(flag))
    text = "\n".join(lines) + "\n" + _EXAMPLES + ("" if all_flags else _MORE)
    return text.replace("{prog}", prog)


def default_text(flag: Field[Any]) -> str:
    """Return the default of a flag as a user would type it; empty for none."""
    return (
        str(flag.default).lower() if flag.type == "bool" else f"{flag.default}".removesuffix(".0")
    )


def _value(flag: Field[Any]) -> str:
    if flag.type == "bool":
        return ""
    units = (unit for ending, unit in _UNITS.items() if flag.name.endswith(ending))
    return "=" + next(units, "TEXT" if flag.type == "str" else "N")


def _lines(flag: Field[Any]) -> Iterator[str]:
    name = f"  --{flag.name}{_value(flag)}"
    default = default_text(flag)
    text = flag.metadata[HELP] + (f" [{default}]" if default and default != "false" else "")
    wrapped = textwrap.wrap(text, WIDTH - _COLUMN)
    if len(name) >= _COLUMN - 1:
        yield name
        name = ""
    for line in wrapped:
        yield f"{name:{_COLUMN}}{line}"
        name = ""
