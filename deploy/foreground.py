"""honcho for a terminal: whatever ends it, ends what the Procfile starts.

honcho ends its processes on Ctrl-C and SIGTERM. When the terminal closes it would die
of SIGHUP or of its next line, and the processes, which are in sessions of their own,
would go on unseen and keep their ports.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

from honcho.command import main

INTERRUPTED = 130


def hang_up(*_: object) -> None:
    """The terminal is gone: say the rest to nobody, and end as by SIGTERM."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    signal.raise_signal(signal.SIGTERM)


def watch_terminal() -> None:
    """SIGHUP goes to the terminal's own process alone, which may be a shell or make."""
    poll = select.poll()
    poll.register(sys.stdin, 0)  # no event but POLLHUP
    poll.poll()
    os.kill(os.getpid(), signal.SIGHUP)


def run() -> int:
    """As the command ``honcho``, but that Ctrl-C is no failure."""
    signal.signal(signal.SIGHUP, hang_up)
    if sys.stdin.isatty():
        threading.Thread(target=watch_terminal, daemon=True).start()
    try:
        main()
    except SystemExit as ended:
        return 0 if ended.code == INTERRUPTED else int(ended.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(run())
