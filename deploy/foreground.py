"""honcho for a terminal: whatever ends it, ends what the Procfile starts.

honcho ends its processes on Ctrl-C and SIGTERM. When the terminal closes, or what reads
its lines (``make run | head``), it would die of SIGHUP or of its next line, and the
processes, which are in sessions of their own, would go on unseen and keep their ports.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys
import threading

from honcho.command import main

INTERRUPTED = 130


class Output(io.TextIOBase):
    """Where honcho writes. What cannot be written is no error here: if nobody reads, the watch sees
    to the end, and until then honcho must take what its processes say, or they could not end."""

    def write(self, text: str) -> int:
        assert sys.__stdout__ is not None
        with contextlib.suppress(OSError):  # a pipe without a reader, a terminal that closed
            sys.__stdout__.write(text)
            sys.__stdout__.flush()
        return len(text)

    def isatty(self) -> bool:
        return os.isatty(1)


def hang_up(*_: object) -> None:
    """Nobody reads any more: say the rest to nobody, and end as by SIGTERM."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    signal.raise_signal(signal.SIGTERM)


def watch() -> None:
    """SIGHUP goes to the terminal's own process alone, which may be a shell or make; and a pipe
    whose reader goes tells nobody before the next line."""
    poll = select.poll()
    poll.register(1, 0)  # no event but POLLHUP and POLLERR
    if sys.stdin.isatty():
        poll.register(sys.stdin, 0)
    poll.poll()
    os.kill(os.getpid(), signal.SIGHUP)


def run() -> int:
    """As the command ``honcho``, but that Ctrl-C is no failure."""
    signal.signal(signal.SIGHUP, hang_up)
    sys.stdout = Output()
    threading.Thread(target=watch, daemon=True).start()
    try:
        main()
    except SystemExit as ended:
        return 0 if ended.code == INTERRUPTED else int(ended.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(run())
