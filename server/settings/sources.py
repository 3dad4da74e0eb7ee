"""Where settings come from: flags, environment, TOML file; merged in order of precedence."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from framewire import textfile
from server.settings.commandline import parse_flags
from server.settings.errors import WrongSetting, did_you_mean, reason
from server.settings.servicelinks import is_service_link
from server.settings.table import PREFIX, Settings
from server.settings.values import parse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Values = dict[str, tuple[str, Any]]
"""Where a setting's value was found, and the value: by the setting's name."""


def load(
    arguments: Sequence[str], environment: Mapping[str, str], prog: str = "python -m server"
) -> Settings:
    """Return this process's settings. Raises WrongSetting; ``--help`` and ``--version`` exit."""
    config, flags = parse_flags(arguments, prog)
    config = config or environment.get(f"{PREFIX}CONFIG", "").strip()
    values = _from_file(config) if config else {}
    values |= _from_environment(environment) | flags
    rows = {row.name: row for row in fields(Settings)}
    return Settings(**{name: parse(rows[name], *value) for name, value in values.items()})


def _from_file(path: str) -> Values:
    try:
        text = textfile.read(path)
    except (OSError, ValueError) as error:
        raise WrongSetting(f"{path}: {reason(error)}") from None
    try:
        rows = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongSetting(f"{path}: not valid TOML: {reason(error)}") from None
    for name, value in rows.items():
        if isinstance(value, dict):
            raise WrongSetting(f"{path}: settings have no sections; remove [{name}]")
        _check_name(name, path)
    return {name: (f"{path}: {name}", value) for name, value in rows.items()}


def _from_environment(environment: Mapping[str, str]) -> Values:
    """Return the settings in variables, without the white space around them.

    A file of variables from Windows leaves a carriage return at the end of each. An empty variable,
    such as that of a template without a value, counts only where a setting may be empty.
    """
    values: Values = {}
    defaults = {row.name: row.default for row in fields(Settings)}
    if port := environment.get("PORT", "").strip():
        values["port"] = ("PORT", port)
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name == "config":
            continue
        if is_service_link(variable, environment):
            continue
        _check_name(name, variable)
        if text.strip() or defaults[name] == "":
            values[name] = (variable, text.strip())
    return values


def _check_name(name: str, where: str) -> None:
    known = [row.name for row in fields(Settings)]
    if name not in known:
        hint = did_you_mean(name, known)
        raise WrongSetting(f"{where}: unknown setting {name!r}{hint}")
