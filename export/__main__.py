"""The command line. TensorFlow is imported only by commands that need it."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

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
from export.commands.output import tolerate_closed_output
from export.commands.parser import CommandParser
from export.errors import ExportError

GROUPS: dict[str, tuple[ModuleType, ...]] = {
    "make and publish a version": (savedmodel, verify, publish),
    "release": (list, promote, canary, rollback, prune),
    "demo model": (evaluate, train, fonts),
}
"""The commands in the order of ``--help``."""

EXAMPLES = """\
examples:
  %(prog)s savedmodel --from SOURCE --output build/m   make a verified version
  %(prog)s verify build/m/1                            load it in a model server
  %(prog)s publish build/m/1 models/m                  copy it to the model repository
  %(prog)s promote 1 --model m --label stable          send traffic to it

Without --from, savedmodel makes models/digits/1 from the demo model's checkpoint.
Run "%(prog)s COMMAND --help" for the options of a command, and see docs/export.md.
"""


_LONGEST_NAME = 200
_AGAIN_S = 0.01
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def main(arguments: Sequence[str] | None = None, prog: str = "python -m export") -> int:
    """Run one command and return its exit status; errors print one line and return 1."""
    try:
        _run_command(sys.argv[1:] if arguments is None else arguments, prog)
    except (KeyboardInterrupt, Exception) as error:
        if _is_interrupt(error):
            print(f"{prog}: interrupted", file=sys.stderr)
            _clear_interrupt()
            return 130
        message = _message(error)
        if message is None:
            raise
        print(f"{prog}: {_visible(message)}", file=sys.stderr)
        return 1
    return 0


def _message(error: BaseException) -> str | None:
    """Return the message of an error that the user can do something about; None for a bug."""
    if isinstance(error, ExportError):
        return str(error)
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes | os.PathLike):
        name = os.fsdecode(error.filename)
        return f"{name[:_LONGEST_NAME]}: {error.strerror}"
    return None


def _run_command(arguments: Sequence[str], prog: str) -> None:
    try:
        options = _parser(prog).parse_args(_joined(arguments))
        command: Callable[[argparse.Namespace], None] = options.command
        # Treat SIGTERM like Ctrl-C, so that a command cleans up after itself.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        sys.unraisablehook = _interrupt_again
        command(options)
    finally:
        print(end="", flush=True)  # report write errors while that is still possible


def _interrupt_again(ignored: Any) -> None:
    """Repeat an interrupt that came while an object was finalized, where Python ignores it.

    Not at once: it would be ignored here, too.
    """
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        timer = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
        timer.daemon = True
        timer.start()
    else:
        sys.__unraisablehook__(ignored)


def run(arguments: Sequence[str], prog: str) -> int:
    """Run as a program of its own, whose output may be closed. Return the exit status."""
    tolerate_closed_output()
    return main(arguments, prog)


def _is_interrupt(error: BaseException) -> bool:
    """Return whether an interrupt led to ``error``.

    Whatever is closed on its way may raise an error of its own: a zip file that is being written
    raises ``ValueError``.
    """
    if isinstance(error, KeyboardInterrupt):
        return True
    return error.__context__ is not None and _is_interrupt(error.__context__)


def _clear_interrupt() -> None:
    """Make the interpreter exit with the status that it is given.

    An interrupt that passes through an ``exec`` of text, as dataclasses and named tuples use it,
    sets a flag in CPython even if it is caught, and a module run by ``-m`` then dies of SIGINT
    (Python/pythonrun.c, ``unhandled_keyboard_interrupt``). The next ``exec`` clears the flag.
    """
    exec("")


def _visible(message: str) -> str:
    """Return a message in which control characters, which names may have, are escaped."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], message)


def _joined(arguments: Sequence[str]) -> Sequence[str]:
    """Join ``--scale -1..1`` with ``=``, because argparse takes ``-1..1`` for a flag.

    In ``--from=~/run``, shells leave the home directory to the program.
    """
    joined = "\0".join(map(_at_home, arguments)).replace("--scale\0-1..1", "--scale=-1..1")
    return joined.split("\0") if joined else ()


def _at_home(word: str) -> str:
    flag, path = re.fullmatch(r"(--[a-z-]+=)?(.*)", word, re.DOTALL).groups("")  # type: ignore[union-attr]
    return flag + os.path.expanduser(path) if path.startswith("~/") else word


def _parser(prog: str) -> CommandParser:
    parser = CommandParser(
        prog,
        usage="%(prog)s COMMAND [options]",
        description="Deploy a trained model: export, verify, publish and release it.\n\n"
        + "\n\n".join(_group(title, modules) for title, modules in GROUPS.items()),
        epilog=EXAMPLES,
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", prog=prog, help=argparse.SUPPRESS
    )
    for modules in GROUPS.values():
        for module in modules:
            module.add_parser(commands)
    return parser


def _group(title: str, modules: Sequence[ModuleType]) -> str:
    lines = []
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        lines.append(f"  {name:<12}{module.SUMMARY}")
    return "\n".join([f"{title}:", *lines])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], "python -m export"))
