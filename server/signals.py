"""How the gateway reacts to SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

log = logging.getLogger(__name__)


class Signals:
    """Handles SIGINT, SIGTERM and SIGHUP on the running loop.

    The first SIGINT or SIGTERM sets ``stop``, the second ``at_once``. SIGHUP calls
    ``reload``, as operators expect of a daemon. If it was sent because the gateway's
    terminal has closed, it stops the gateway instead, unless that runs under nohup.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.at_once = asyncio.Event()
        self.reload: Callable[[], None] = lambda: log.info("SIGHUP: no files to reload")
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
