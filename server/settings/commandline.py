"""The command line of the gateway: one flag per setting, grouped in ``--help``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any, NoReturn

from server.settings.errors import WrongSetting, did_you_mean
from server.settings.table import PREFIX, Settings
from server.version import VERSION

_UNITS = {"_ms": "MS", "_s": "SECONDS", "_bytes": "BYTES"}
# What the library says, and what the other errors of settings would say.
_IN_OUR_WORDS = {
    r"^argument (?:-\w/)?(\S+): expected one argument$": r"\1: requires a value",
    r"^argument (?:-\w/)?(\S+): ignored explicit argument '.*'$": r"\1: takes no value",
    r"^argument (\S+): invalid int value: ": r"\1: must be an integer, not ",
    r"^argument (\S+): invalid float value: ": r"\1: must be a number, not ",
    r"^the following arguments are required: (\S+)$": r"\1 is required",
}
_DESCRIPTION = """\
The Framewire gateway: accepts camera frames over WebSocket and HTTP, batches them for
TensorFlow Serving, and streams the results back.
"""
_EXAMPLES = f"""\
examples:
  %(prog)s                              defaults: port 8888, model server on 8500
  %(prog)s --port 9000 --model flowers
  %(prog)s --host 0.0.0.0 --tls-certificate cert.pem --tls-key key.pem
  %(prog)s --config gateway.toml

Every setting can also come from the environment ({PREFIX}MAX_BATCH=32) or from the
TOML file (max_batch = 32). Flags override the environment, which overrides the file.

access tokens:
  framewire key --help        create a signing key
  framewire token --help      issue a token
"""


class Parser(argparse.ArgumentParser):
    """A parser that reports errors as WrongSetting, in one line, like any wrong setting."""

    def error(self, message: str) -> NoReturn:
        for pattern, words in _IN_OUR_WORDS.items():
            message = re.sub(pattern, words, message)
        raise WrongSetting(message)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse every argument; for one that is unknown, suggest the closest flag."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flag = unknown[0].partition("=")[0]
            hint = did_you_mean(flag, [*self._option_string_actions, "key", "token"])
            kind = "flag" if flag.startswith("-") else "argument"
            self.error(f"unknown {kind} {flag[:80]}{hint}")
        return parsed


def parse_flags(
    arguments: Sequence[str], prog: str
) -> tuple[str | None, dict[str, tuple[str, str]]]:
    """Return the TOML file's path, and for each setting given: its flag and its text.

    Raises WrongSetting.
    """
    _refuse_secrets(arguments)
    flags = vars(_parser(prog).parse_args(arguments))
    config = flags.pop("config")
    return config, {
        name: (flag_of(name), ",".join(value) if isinstance(value, list) else value)
        for name, value in flags.items()
        if value is not None
    }


def flag_of(name: str) -> str:
    """Return the flag of a setting: ``max_batch`` -> ``--max-batch``."""
    return f"--{name.replace('_', '-')}"


def _parser(prog: str) -> Parser:
    parser = Parser(
        prog=prog,
        usage="%(prog)s [--config FILE] [--SETTING VALUE ...]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        allow_abbrev=False,
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    groups: dict[str, argparse._ArgumentGroup] = {}
    for row in fields(Settings):
        title = row.metadata["group"]
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        if not row.metadata["secret"]:
            _add_flag(groups[title], row)
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=100)


def _add_flag(group: argparse._ArgumentGroup, row: Field[Any]) -> None:
    shown = row.default if isinstance(row.default, str) else f"{row.default:.12g}"
    default = f" (default: {shown})" if shown else ""
    group.add_argument(
        flag_of(row.name),
        dest=row.name,
        default=None,
        action="append" if row.metadata["many"] else "store",
        metavar=_metavar(row),
        help=row.metadata["help"].replace("%", "%%") + default,
    )


def _metavar(row: Field[Any]) -> str:
    is_rate = row.name.endswith("_per_s")
    unit = next((unit for end, unit in _UNITS.items() if row.name.endswith(end)), "N")
    return str(row.metadata["metavar"] or ("N" if is_rate else unit))


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """Refuse a secret on the command line, before the parser quotes what it does not know."""
    for row in fields(Settings):
        flag = flag_of(row.name)
        if row.metadata["secret"] and any(one.partition("=")[0] == flag for one in arguments):
            variable = f"{PREFIX}{row.name.upper()}"
            raise WrongSetting(
                f"{flag}: every user of this machine can read flags; set {variable} instead"
            )


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"Framewire gateway {VERSION}")
        parser.exit()
