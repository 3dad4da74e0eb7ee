"""Connections on their way from the supervisor, which accepts them, to the workers."""

from __future__ import annotations

import array
import errno
import socket
from collections.abc import Callable
from typing import Any

from tornado.ioloop import IOLoop

from server.transport.listening import ListeningSocket

_DESCRIPTOR_BYTES = array.array("i").itemsize


def hand_over(connection: socket.socket, channel: socket.socket) -> bool:
    """Send a connection to the worker at the other end. False: it takes no more now."""
    try:
        socket.send_fds(channel, [b"\0"], [connection.fileno()])
    except OSError:  # its queue is full, too many descriptors are under way, or it has ended
        return False
    return True


class HandedSocket(ListeningSocket):
    """A worker's end of the channel, for the server in the place of a listening socket.

    It pauses in the same way while no file is left; connections wait in the channel, and then
    in the kernel's queue. ``on_received`` is called for each one.
    """

    on_received: Callable[[], None]

    def _next(self) -> tuple[socket.socket, Any]:
        space = socket.CMSG_SPACE(_DESCRIPTOR_BYTES)
        message, control, _, _ = self.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
        if not message:  # the supervisor has ended; the link says so as well
            IOLoop.current().update_handler(self, 0)
            raise BlockingIOError(errno.EAGAIN, "no more connections")
        self.on_received()
        if not control:  # no file was left for it
            raise ConnectionAbortedError
        [(_, _, data)] = control
        return _connection(array.array("i", data)[0])


def _connection(descriptor: int) -> tuple[socket.socket, Any]:
    """Return a connection and its peer's address. Raises ConnectionAbortedError if it is gone."""
    connection = socket.socket(fileno=descriptor)
    try:
        return connection, connection.getpeername()
    except OSError:
        connection.close()
        raise ConnectionAbortedError from None
