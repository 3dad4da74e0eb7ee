"""``framewire COMMAND``: find the subcommand and start it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence

from framewire.output import tolerate_closed_output
from framewire.programs import HELP_FLAGS, PROGRAMS, start

_HELP = """\
usage: framewire COMMAND [options]

Stream camera frames to your own model, and get every result back in real time.

commands:
{commands}

examples:
  framewire demo             start here, and open the URL that it prints
  framewire demo --phone     on a phone as well
  framewire export savedmodel --from flowers.keras --output build/flowers
  framewire serve --backend 127.0.0.1:8500 --model flowers

  framewire COMMAND --help   the options of a command
  framewire --version
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 2 for a command that does not exist."""
    tolerate_closed_output("framewire")
    try:
        return _run(*((sys.argv[1:] if arguments is None else arguments) or [""]))
    except KeyboardInterrupt:  # some commands import for seconds before they handle Ctrl-C
        return 130
    finally:
        print(end="", flush=True)


def _run(name: str, *rest: str) -> int:
    if name == "help" and rest:  # `framewire help export`
        name, rest = rest[0], ("--help",)
    if name in PROGRAMS:
        return start(name, rest)
    if name in {*HELP_FLAGS, "help"}:
        print(_help(), end="")
        return 0
    if name == "--version":
        print(f"framewire {_version()}")
        return 0
    print(_unknown(name) if name else _help(), file=sys.stderr)
    return 2


def _help() -> str:
    rows = [f"  {name:<12} {program.summary}" for name, program in PROGRAMS.items()]
    return _HELP.format(commands="\n".join(rows))


def _unknown(name: str) -> str:
    if name.startswith("-"):
        return f"framewire: {name[:80]}: name a command first, such as framewire serve"
    close = difflib.get_close_matches(name, PROGRAMS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(PROGRAMS)}"
    return f"framewire: unknown command {name[:80]!r}; {hint}"


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("framewire")
    except metadata.PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
