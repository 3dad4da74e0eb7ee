"""The subcommands: which program each one starts, and what must be installed for it.

A program is a module with ``run(arguments, prog)``, which returns the exit status. It is imported
when it is started, so that ``framewire --help`` imports none and ``framewire serve`` never loads
TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

HELP_FLAGS = {"-h", "--help", "-help"}


@dataclass(frozen=True)
class Program:
    """One subcommand.

    ``extra`` is the optional dependency group that installs the modules in ``needs``.
    ``by_name``: its module runs several commands, and takes the command's name first.
    """

    module: str
    summary: str
    extra: str = ""
    needs: tuple[str, ...] = ()
    by_name: bool = False


_TENSORFLOW = ("tensorflow", "grpc_health")
_TOKENS = ("jwt", "cryptography")

PROGRAMS = {
    "demo": Program(
        "framewire.demo",
        "try it: run everything on this machine, with a demo model",
        "demo",
        (*_TENSORFLOW, "rich", "fsspec", "honcho", "cryptography", "segno"),
    ),
    # The gateway says itself what is not installed.
    "serve": Program("server.__main__", "run the gateway, which cameras connect to"),
    "modelserver": Program(
        "modelserver.__main__",
        "run the model server, which loads models for the gateway",
        "modelserver",
        _TENSORFLOW,
    ),
    "export": Program(
        "export.__main__",
        "take a trained model to production: convert, verify, publish, promote",
        "export",
        ("tensorflow", "rich", "fsspec"),
    ),
    "loadtest": Program(
        "loadtest.__main__", "measure throughput and latency", "loadtest", ("rich", "numpy")
    ),
    "key": Program("server.__main__", "create a key that signs tokens", "auth", _TOKENS, True),
    "token": Program("server.__main__", "issue an access token", "auth", _TOKENS, True),
}
"""In the order of ``--help``."""


def start(name: str, arguments: Sequence[str]) -> int:
    """Run a subcommand. Returns its exit status: 2 if a dependency is not installed."""
    program = PROGRAMS[name]
    missing = [module for module in program.needs if find_spec(module) is None]
    if missing and not HELP_FLAGS & set(arguments):
        print(
            f"framewire {name}: {', '.join(missing)} not installed; "
            f"run: pip install 'framewire[{program.extra}]'",
            file=sys.stderr,
        )
        return 2
    run = import_module(program.module).run
    status = (
        run([name, *arguments], "framewire")
        if program.by_name
        else run(arguments, f"framewire {name}")
    )
    return int(status)
