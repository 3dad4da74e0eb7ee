"""The command line. TensorFlow is imported by the commands that need it, not before."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

from export.commands import (
    canary,
    evaluate,
    fonts,
    list,
    promote,
    prune,
    publish,
    rollback,
    savedmodel,
    train,
    verify,
)
from export.commands.output import outlive_reader
from export.errors import ExportError

DESCRIPTION = """\
From a trained model to live traffic, step by step:

  python -m export savedmodel --from SOURCE --output build/m   make a verified version
  python -m export verify build/m/1                            have a model server load it
  python -m export publish build/m/1 models/m                  put it where model servers look
  python -m export promote 1 --model m --label stable          send traffic to it

savedmodel without --from makes models/digits/1 from the demo model's checkpoint. Each command has
its own --help; docs/export.md tells the whole of it.
"""

COMMANDS = (
    savedmodel,
    verify,
    publish,
    list,
    promote,
    canary,
    rollback,
    prune,
    evaluate,
    train,
    fonts,
)
"""In the order of `--help`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit status: 0, or 1 after an error in one line."""
    options = _parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    command: Callable[[argparse.Namespace], None] = options.command
    # Asked to end, a command undoes what it has half done, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command(options)
        print(end="", flush=True)  # what cannot be written is an error while it can be said
    except ExportError as error:
        print(f"export: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("export: interrupted", file=sys.stderr)
        _forget_interrupt()
        return 130
    return 0


def _forget_interrupt() -> None:
    """Has the interpreter end with the status that it is given.

    An interrupt that passes through an `exec` of text, as dataclasses and named tuples use, leaves
    a mark in CPython, caught or not, and a module that is run by `-m` then ends by SIGINT instead
    (Python/pythonrun.c, `unhandled_keyboard_interrupt`). The next such `exec` clears it.
    """
    exec("")


def _joined(arguments: Sequence[str]) -> Sequence[str]:
    """`--scale -1..1` as `--scale=-1..1`: argparse takes what begins with a dash for an option."""
    joined = "\0".join(arguments).replace("--scale\0-1..1", "--scale=-1..1")
    return joined.split("\0") if joined else ()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m export",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


if __name__ == "__main__":
    outlive_reader()
    sys.exit(main())
