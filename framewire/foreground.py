"""Processes in the foreground of a terminal: whatever ends it, ends them.

honcho ends its processes on Ctrl-C and SIGTERM. But when the terminal closes, or whatever reads
its output does (``framewire demo | head``), honcho would die of SIGHUP or of its next line, and
the processes, which are in sessions of their own, would live on unseen and keep their ports.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

from honcho.manager import Manager
from honcho.printer import Printer

_INTERRUPTED = 130


def run(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> int:
    """Run named commands until one of them ends or this process is told to, then end them all.

    Their output is printed line by line, after their names. Returns the exit status: that of the
    first to end, and 0 after Ctrl-C.
    """
    signal.signal(signal.SIGHUP, _hang_up)
    threading.Thread(target=_watch_terminal, daemon=True).start()
    manager = Manager(Printer(_Output(), time_format=""))  # their lines have the time already
    for name, command in commands.items():
        manager.add_process(name, f"exec {shlex.join(command)}", env=dict(environment))
    manager.loop()
    return 0 if manager.returncode == _INTERRUPTED else int(manager.returncode or 0)


class _Output(io.TextIOBase):
    """Standard output. A failed write is not an error: if nobody reads, the watch ends everything,
    and until then the processes' output must be taken from them, or they could not end.
    Characters that its encoding does not have are escaped."""

    def write(self, text: str) -> int:
        output = sys.__stdout__
        if output is None:  # closed from the beginning
            return len(text)
        with contextlib.suppress(OSError):  # a pipe without a reader, a closed terminal
            known = text.encode(output.encoding, "backslashreplace").decode(output.encoding)
            output.write(known)
            output.flush()
        return len(text)

    def isatty(self) -> bool:
        return os.isatty(1)


def _hang_up(*_: object) -> None:
    """Discard all further output, since nobody reads it, and end as on SIGTERM."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    signal.raise_signal(signal.SIGTERM)


def _watch_terminal() -> None:
    """Raise SIGHUP when the terminal or the output's reader is gone.

    The kernel sends SIGHUP to the terminal's controlling process alone, which may be a shell or
    make; and a closed pipe goes unnoticed until the next line is written to it.
    """
    poll = select.poll()
    poll.register(1, 0)  # no events but POLLHUP and POLLERR
    if sys.stdin is not None and sys.stdin.isatty():
        poll.register(sys.stdin, 0)
    poll.poll()
    os.kill(os.getpid(), signal.SIGHUP)
