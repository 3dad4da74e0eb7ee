"""What the signals of a terminal, an operator or a supervisor ask of the gateway."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

log = logging.getLogger(__name__)


class Signals:
    """SIGINT and SIGTERM, and SIGHUP, on the running loop.

    ``stop`` is set by the first of SIGINT and SIGTERM, ``at_once`` by the second.
    SIGHUP calls ``reload``, as operators expect of a daemon; where it says that the
    gateway's terminal has closed, which no log line can tell anybody, it stops.
    Under nohup a terminal may close.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.at_once = asyncio.Event()
        self.reload: Callable[[], None] = lambda: log.info("SIGHUP: no files to read again")
        nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._in_terminal = not nohup and _has_terminal()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _stop(self) -> None:
        if self.stop.is_set():
            self.at_once.set()
        self.stop.set()

    def _hang_up(self) -> None:
        if self._in_terminal and not _has_terminal():
            self._stop()
        else:
            self.reload()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
