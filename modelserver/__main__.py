"""``python -m modelserver``: read the flags, serve until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

from modelserver import config, flags
from modelserver.options import Options
from modelserver.runtime import import_tensorflow
from modelserver.status import Code, ServingError

GRACE_S = 4.0


def main(arguments: Sequence[str], prog: str = "python -m modelserver") -> int:
    """Run the server; returns the exit code."""
    if {"--help", "-help", "-h"} & set(arguments):
        print(flags.usage(prog))
        return 0
    _log_to_stderr()
    try:
        options, given = flags.parse(arguments)
        for note in flags.notes(given):
            logging.info("%s", note)
        if options.version:
            return _print_versions()
        _serve(options)
    except (flags.FlagError, ServingError) as error:
        print(f"modelserver: {getattr(error, 'message', error)}", file=sys.stderr)
        return 1
    return 0


def _serve(options: Options) -> None:
    """Start, wait for SIGTERM or SIGINT, stop. A process group may well send both, or twice."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: os._exit(0))  # nothing is under way yet
    for port in filter(None, {options.port, options.rest_api_port}):
        _check_free(options.host, port)
    models = config.initial(options)
    import_tensorflow()
    logging.getLogger("tornado").setLevel(logging.ERROR)  # garbage on the port is not news
    from modelserver.app import ModelServer

    server = ModelServer(options, models)
    server.load()
    signals = _signals()
    server.open()
    os.read(signals, 1)
    logging.info("stopping")
    server.stop(GRACE_S)


def _signals() -> int:
    """A file descriptor on which SIGTERM and SIGINT arrive as bytes.

    Two signals at once can reach two threads, and waiting for an Event that a handler sets was
    then seen to sleep on, its handler never run. A pipe does not depend on that.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    return read_end


def _check_free(host: str, port: int) -> None:
    """Say that a port is taken before the seconds that the import of TensorFlow takes."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            where = f"{host} port {port}" if host else f"port {port}"
            raise ServingError(Code.UNAVAILABLE, f"cannot listen on {where}: {why}") from None


def _print_versions() -> int:
    from importlib.metadata import version

    print(f"Framewire model server {version('framewire')}, TensorFlow {version('tensorflow')}")
    return 0


def _log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)


def run(arguments: Sequence[str], prog: str) -> NoReturn:
    """Run as a program of its own, and end the process with the exit code."""
    code = main(arguments, prog)
    logging.shutdown()
    # What is left are threads of TensorFlow and gRPC, and calls that outlasted their grace:
    # joining them would hold up the exit for nothing.
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    run(sys.argv[1:], "python -m modelserver")
