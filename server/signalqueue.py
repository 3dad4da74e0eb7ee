"""The signals of this process, kept from its first moments to its last.

By default, SIGHUP and SIGTERM would end a gateway that still imports its modules, or that is about
to exit, and its status would read as a failure. (As a container's first process, it would even
lose an early SIGTERM: the kernel delivers only those that are handled there.) The interpreter
writes each signal's number to a pipe that stays open; the event loop reads it once there is one.

This module imports nothing that takes time, so that it can be used before anything else.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)
_MOST = 4096


class SignalQueue:
    """SIGINT, SIGTERM and SIGHUP of this process.

    ``reader``: the file descriptor to read them from. ``in_terminal``: SIGHUP may mean that the
    terminal was closed. A second SIGINT or SIGTERM that comes before :meth:`attach` ends the
    process, in case that its start hangs.
    """

    def __init__(self) -> None:
        nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self.in_terminal = not nohup and has_terminal()
        self._stops: int | None = 0
        self.reader, writer = os.pipe()
        for end in (self.reader, writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (*STOPS, signal.SIGHUP):
            signal.signal(number, self._arrived)

    def attach(self) -> None:
        """Leave it to the caller to react to what can be read."""
        self._stops = None

    def take(self) -> bytes:
        """Return the numbers of the signals that have arrived since."""
        try:
            return os.read(self.reader, _MOST)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Ignore what comes from now on: the process is about to exit.

        The interpreter itself would take handlers away, but not this, before it exits.
        """
        for number in (*STOPS, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._stops is None or number not in STOPS:
            return
        self._stops += 1
        if self._stops > 1:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


_queue: SignalQueue | None = None


def queue() -> SignalQueue:
    """Return the queue of this process, which keeps signals from the first call on."""
    global _queue
    if _queue is None:
        _queue = SignalQueue()
    return _queue


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
