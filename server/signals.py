"""How the gateway reacts to SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from server import signalqueue

log = logging.getLogger(__name__)


class Signals:
    """Handles SIGINT, SIGTERM and SIGHUP on the running loop, and those that came before it ran.

    The first SIGINT or SIGTERM sets ``stop``, the second ``at_once``. SIGHUP calls
    ``reload``, as operators expect of a daemon. If it was sent because the gateway's
    terminal has closed, it stops the gateway instead, unless that runs under nohup.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.at_once = asyncio.Event()
        self.reload: Callable[[], None] = lambda: log.info("SIGHUP: no files to reload")
        self._queue = signalqueue.queue()
        self._queue.attach()
        asyncio.get_running_loop().add_reader(self._queue.reader, self._receive)

    def _receive(self) -> None:
        for number in self._queue.take():
            if number in signalqueue.STOPS:
                self._stop()
            elif number == signal.SIGHUP:
                self._hang_up()

    def _stop(self) -> None:
        if self.stop.is_set():
            self.at_once.set()
        self.stop.set()

    def _hang_up(self) -> None:
        if self._queue.in_terminal and not signalqueue.has_terminal():
            self._stop()
        else:
            self.reload()


def ignore() -> None:
    """Ignore them from now on, because the process is about to exit."""
    signalqueue.queue().close()
