"""Listening sockets that pause while the process has no file to spare for another connection.

Without a pause, ``accept`` would fail at once, and the loop, which still sees the connection
waiting, would call it again without end. The last files are kept for the gateway itself: it could
neither reconnect to the model server nor read a new certificate without them.
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
# How many files are kept for anything but connections of clients.
RESERVE = 32
# Between two lines of the log about it.
REPORT_S = 60.0
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class ListeningSocket(socket.socket):
    """A socket whose ``accept`` has nothing to offer during a pause.

    Clients wait in the kernel's queue meanwhile, and are accepted once a connection has ended.
    """

    _reported = float("-inf")

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection and its address. Raises BlockingIOError if there is none."""
        try:
            self._check_files()
            return self._next()
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._pause(error)
            raise BlockingIOError(errno.EAGAIN, "accepting pauses") from None

    def _next(self) -> tuple[socket.socket, Any]:
        return super().accept()

    def _check_files(self) -> None:
        """Raise OSError if only the reserve is left. A new file gets the lowest free number."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(self.fileno())
        os.close(lowest)
        if limit != resource.RLIM_INFINITY and lowest >= limit - RESERVE:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def _pause(self, error: OSError) -> None:
        loop = IOLoop.current()
        loop.update_handler(self, 0)
        loop.call_later(PAUSE_S, self._resume)
        if loop.time() - self._reported >= REPORT_S:
            self._reported = loop.time()
            log.warning(
                "new connections wait until others end: %s; raise the limit on open files",
                error.strerror,
            )

    def _resume(self) -> None:
        if self.fileno() != -1:  # not closed meanwhile
            IOLoop.current().update_handler(self, IOLoop.READ)


def endpoint(host: str, port: int) -> str:
    """Return where a socket listens, as addresses are written: ``[::1]:8888``, ``*:8888``."""
    name = f"[{host}]" if ":" in host else host or "*"
    return f"{name}:{port}"


def cannot_listen(host: str, port: int, error: OSError | ValueError) -> str:
    """Return why ``open_sockets`` has failed, in words."""
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else "not a host name"
    return f"cannot listen on {endpoint(host, port)}: {reason}"


def open_sockets(host: str, port: int) -> list[ListeningSocket]:
    """Listen on every address of ``host``. Raises OSError, or ValueError for an impossible name."""
    sockets = bind_sockets(port, host, reuse_port=False)
    return [ListeningSocket(fileno=plain.detach()) for plain in sockets]
