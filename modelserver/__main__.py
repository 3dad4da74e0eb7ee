"""``python -m modelserver``: parse the flags, and serve until told to stop."""

from __future__ import annotations

import errno
import logging
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from framewire.output import tolerate_closed_output
from modelserver.execution import memory
from modelserver.execution.runtime import import_tensorflow
from modelserver.lifecycle import model_config
from modelserver.options import command_line, help
from modelserver.options.flags import FlagError, Options
from modelserver.status import CannotListen, ServingError

GRACE_S = 4.0
_OF_PORTS = (errno.EADDRINUSE, errno.EACCES)
log = logging.getLogger(__name__)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SHORT_HELP = {"--help", "-help", "-h"}
_HELP = {*_SHORT_HELP, "--help=all", "--helpfull"}


def main(arguments: Sequence[str], prog: str = "python -m modelserver") -> int:
    """Run the server and return the exit status.

    It is 2 for a bad command line or an address to listen on, and 1 for another failed start.
    """
    if asked := _HELP & set(arguments):
        print(help.usage(prog, all_flags=not asked & _SHORT_HELP))
        return 0
    _log_to_stderr()
    try:
        options, given = command_line.parse(arguments)
        for note in command_line.notes(given):
            log.info("%s", note)
        if options.version:
            return _print_versions()
        _serve(options)
    except ServingError as error:
        print(f"modelserver: {_visible(error.message)}", file=sys.stderr)
        return 2 if isinstance(error, FlagError | CannotListen) else 1
    return 0


def _visible(message: str) -> str:
    """Return a message in which control characters, which paths may have, are escaped."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], message)


def _serve(options: Options) -> None:
    """Start, wait for SIGTERM or SIGINT, and stop. Either signal may arrive more than once."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: os._exit(0))  # no calls are in progress yet
    models = model_config.initial(options)
    _check_free(options.host, options.port, "--port")  # 0, any port, checks the host
    _check_free(options.host, options.rest_api_port, "--rest_api_port")
    _raise_limit_on_files()
    memory.limit_heaps()
    import_tensorflow()
    logging.getLogger("tornado").setLevel(logging.ERROR)  # do not log garbage sent to the port
    from modelserver.app import ModelServer

    server = ModelServer(options, models)
    server.load()
    memory.settle()
    signals = _signals()
    server.open()
    os.read(signals, 1)
    log.info("stopping")
    server.stop(GRACE_S)


def _raise_limit_on_files() -> None:
    """Raise the soft limit to the hard one: every connection takes a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS allows less than the hard limit says
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _signals() -> int:
    """Return a file descriptor that receives SIGTERM and SIGINT as bytes.

    If two signals arrive at once, they may interrupt two threads, and an Event set by a handler has
    been seen not to wake its waiter. A pipe does not have this problem.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    return read_end


def _check_free(host: str, port: int, flag: str) -> None:
    """Report a port that is in use before the seconds that importing TensorFlow takes."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError, ValueError) as error:  # ValueError: an impossible name
            why = getattr(error, "strerror", None) or error
            where = f"{host} port {port}" if host else f"port {port}"
            named = flag if getattr(error, "errno", None) in _OF_PORTS else "--host"
            raise CannotListen(f"cannot listen on {where}: {why}", named) from None


def _print_versions() -> int:
    from importlib.metadata import version

    print(f"Framewire model server {version('framewire')}, TensorFlow {version('tensorflow')}")
    return 0


def _log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)


def run(arguments: Sequence[str], prog: str) -> NoReturn:
    """Run as a program of its own, and end the process with the exit code."""
    tolerate_closed_output("modelserver")
    code = main(arguments, prog)
    logging.shutdown()
    # Skip joining the threads of TensorFlow and gRPC, and those of calls that outlasted the grace
    # period: they would only delay the exit.
    print(end="", flush=True)
    os._exit(code)


if __name__ == "__main__":
    run(sys.argv[1:], "python -m modelserver")
