"""Listening sockets that pause while the process has no file to spare for another connection.

Without a pause, ``accept`` would fail at once, and the loop would call it again without end. The
last files are kept for what loads models.
"""

from __future__ import annotations

import errno
import logging
import os
import resource
import socket
from typing import Any

from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

log = logging.getLogger(__name__)

PAUSE_S = 0.5
RESERVE = 64
REPORT_S = 60.0
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class ListeningSocket(socket.socket):
    """A socket whose ``accept`` has nothing to offer during a pause."""

    _reported = float("-inf")

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection and its address. Raise ``BlockingIOError`` for none."""
        try:
            _check_files(self.fileno())
            return super().accept()
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._pause(error)
            raise BlockingIOError(errno.EAGAIN, "accepting pauses") from None

    def _pause(self, error: OSError) -> None:
        loop = IOLoop.current()
        loop.update_handler(self, 0)
        loop.call_later(PAUSE_S, self._resume)
        if loop.time() - self._reported >= REPORT_S:
            self._reported = loop.time()
            log.warning("REST connections wait until others end: %s", error.strerror)

    def _resume(self) -> None:
        if self.fileno() != -1:  # not closed meanwhile
            IOLoop.current().update_handler(self, IOLoop.READ)


def open_sockets(host: str, port: int) -> list[ListeningSocket]:
    """Listen on every address of ``host``; empty: of all interfaces. Raise ``OSError``."""
    return [ListeningSocket(fileno=plain.detach()) for plain in bind_sockets(port, host or None)]


def _check_files(number: int) -> None:
    """Raise ``OSError`` if only the reserve is left. A new file gets the lowest free number."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(number)
    os.close(lowest)
    if limit != resource.RLIM_INFINITY and lowest >= limit - min(RESERVE, limit // 8):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
