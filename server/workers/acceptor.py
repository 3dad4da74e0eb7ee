"""The supervisor's side of the port: accepts connections and hands each to a worker.

While no worker takes connections, as in the second after the last one has ended, accepting
pauses and clients wait in the kernel's queue.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tornado.netutil import add_accept_handler

from server.transport.listening import ListeningSocket
from server.workers.spread import Spread

PAUSE_S = 0.1


class Target(Protocol):
    """A worker that takes connections."""

    @property
    def load(self) -> int:
        """Its sessions, and the connections that may become one."""

    def take(self, connection: socket.socket) -> bool:
        """Take a connection. False: not now."""


class Acceptor:
    """Spreads the connections of ``sockets`` over what ``targets`` returns, by number."""

    def __init__(
        self, sockets: Sequence[ListeningSocket], targets: Callable[[], Mapping[int, Target]]
    ) -> None:
        self._sockets = sockets
        self._targets = targets
        self._spread = Spread()
        self._stops: list[Callable[[], None]] = []
        self._waiting: list[socket.socket] = []  # accepted, but not handed over: one per socket
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept connections."""
        self._stops = [add_accept_handler(one, self._accept) for one in self._sockets]

    def stop(self) -> None:
        """Close the port."""
        self._halt()
        if self._timer is not None:
            self._timer.cancel()
        for one in (*self._sockets, *self._waiting):
            one.close()

    def _accept(self, connection: socket.socket, address: Any) -> None:
        if not self._pass_on(connection):
            self._waiting.append(connection)
            self._pause()

    def _pass_on(self, connection: socket.socket) -> bool:
        targets = self._targets()
        loads = {worker: target.load for worker, target in targets.items()}
        for worker in self._spread.ranked(loads):
            if targets[worker].take(connection):
                self._spread.chose(worker)
                connection.close()  # the worker has its own descriptor
                return True
        return False

    def _pause(self) -> None:
        self._halt()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._timer = None
        self._waiting = [one for one in self._waiting if not self._pass_on(one)]
        if self._waiting:
            self._pause()
        else:
            self.start()

    def _halt(self) -> None:
        for stop in self._stops:
            stop()
        self._stops = []
