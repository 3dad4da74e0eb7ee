"""Messages between the supervisor and one worker: notices, and requests with answers.

They travel over a pair of Unix sockets that no other process has, between two processes of one
program, so they are pickled.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import socket
import struct
from typing import Any, Protocol

log = logging.getLogger(__name__)

_SIZE = struct.Struct("!I")
_NOTICE, _REQUEST, _ANSWER, _FAILURE = range(4)


class Listener(Protocol):
    """What one end does with the messages of the other."""

    def notified(self, name: str, content: Any) -> None:
        """Take note of something."""

    async def asked(self, name: str, content: Any) -> Any:
        """Return the answer to a request."""


class RequestFailed(Exception):
    """The other end has failed to answer; its log says why."""


class Link:
    """One end. The caller must: run :meth:`receive` until it returns."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener: Listener
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._listener = listener
        self._numbers = itertools.count()
        self._awaited: dict[int, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @classmethod
    async def over(cls, end: socket.socket, listener: Listener) -> Link:
        """Return a link over one end of a pair of stream sockets."""
        reader, writer = await asyncio.open_connection(sock=end)
        return cls(reader, writer, listener)

    async def receive(self) -> None:
        """Handle messages until the other end is gone or this one is closed."""
        try:
            while True:
                (size,) = _SIZE.unpack(await self._reader.readexactly(_SIZE.size))
                self._handle(*pickle.loads(await self._reader.readexactly(size)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.close()
            for awaited in self._awaited.values():
                awaited.cancel()

    def notify(self, name: str, content: Any = None) -> None:
        """Tell the other end something, if it is still there."""
        self._send(_NOTICE, 0, name, content)

    async def request(self, name: str, timeout_s: float, content: Any = None) -> Any:
        """Ask the other end.

        Raises TimeoutError, RequestFailed, or ConnectionError if it is gone.
        """
        number = next(self._numbers)
        awaited = self._awaited[number] = asyncio.get_running_loop().create_future()
        self._send(_REQUEST, number, name, content)
        if self._writer.is_closing():
            awaited.cancel()
        try:
            await asyncio.wait({awaited}, timeout=timeout_s)
        finally:
            del self._awaited[number]
        if not awaited.done():
            raise TimeoutError(f"no answer to {name} within {timeout_s:g} s")
        if awaited.cancelled():
            raise ConnectionError(f"no answer to {name}: the other end is gone")
        return awaited.result()

    def close(self) -> None:
        """Send no more. The other end receives what was sent."""
        self._writer.close()

    def _handle(self, kind: int, number: int, name: str, content: Any) -> None:
        if kind == _NOTICE:
            self._listener.notified(name, content)
        elif kind == _REQUEST:
            task = asyncio.ensure_future(self._answer(number, name, content))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif number in self._awaited and not self._awaited[number].done():
            if kind == _FAILURE:
                self._awaited[number].set_exception(RequestFailed(f"answering {name} has failed"))
            else:
                self._awaited[number].set_result(content)

    async def _answer(self, number: int, name: str, content: Any) -> None:
        try:
            answer = await self._listener.asked(name, content)
        except Exception:
            log.exception("answering %(request)s failed", {"request": name})
            self._send(_FAILURE, number, name, None)
        else:
            self._send(_ANSWER, number, name, answer)

    def _send(self, *message: Any) -> None:
        if not self._writer.is_closing():
            content = pickle.dumps(message)
            self._writer.write(_SIZE.pack(len(content)) + content)
