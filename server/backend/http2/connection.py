"""One HTTP/2 connection to a model server, on the event loop and without threads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
from collections.abc import Sequence
from typing import Any

from server.backend.failures import one_line
from server.backend.http2.frames import ProtocolError
from server.backend.http2.protocol import ClientProtocol, Stream

log = logging.getLogger(__name__)

_BUFFER = memoryview(bytearray(64 * 1024))
"""One read. Shared by all connections, because the bytes are used before the next read."""

_MOST_PIECES = 1024
"""How many pieces Linux sends at once."""

_UNACKNOWLEDGED_MS, _SILENT_S, _PROBE_S = 5_000, 30, 5

REPLY_S = 5.0
"""How long a peer that owes a reply may take."""
PING_EVERY_S = 30.0
"""How far pings are apart while no call is answered."""


async def connected_socket(address: str, timeout_s: float) -> socket.socket:
    """Connect to ``host:port`` or ``unix:path``. Raises OSError or ValueError.

    If a name has several addresses, each may take its share of the time.
    """
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        path = address.removeprefix("unix:").removeprefix("//")
        return await _connected(socket.AF_UNIX, path)
    host, _, port = address.rpartition(":")
    found = await loop.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    for family, _, _, _, endpoint in found[:-1]:
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            return await asyncio.wait_for(_connected(family, endpoint), timeout_s / len(found))
    family, _, _, _, endpoint = found[-1]
    return await _connected(family, endpoint)


async def _connected(family: int, endpoint: Any) -> socket.socket:
    created = socket.socket(family)
    try:
        created.setblocking(False)
        await asyncio.get_running_loop().sock_connect(created, endpoint)
        if family != socket.AF_UNIX:
            _configure(created)
    except BaseException:
        created.close()
        raise
    return created


def _configure(connected: socket.socket) -> None:
    """Send at once, and notice a peer that has vanished as gRPC's own connection does."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS),
        ("TCP_KEEPIDLE", _SILENT_S),
        ("TCP_KEEPINTVL", _PROBE_S),
        ("TCP_KEEPCNT", 1),
    ):
        if hasattr(socket, name):  # not everywhere
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Connection:
    """Calls over ``connected``, a socket that does not block, to the peer at ``address``.

    ``misunderstood``: it was closed because of what the peer sent.

    A proxy may keep a connection open that has no other end. So a peer gets no calls while it owes
    a reply, and is left if that takes too long: its settings when it is new, and one to a ping when
    a call was given up. Pings are not so frequent that a server takes them for an attack.
    """

    def __init__(self, connected: socket.socket, address: str) -> None:
        self.closed = self.misunderstood = False
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._protocol = ClientProtocol()
        self._waiting = False  # until the socket takes more
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = math.inf  # when the timer fires
        self._pinged_at = -math.inf  # with no call ended since
        self._loop.add_reader(connected, self._on_readable)
        self._reply_timer: asyncio.TimerHandle | None = self._expect_reply()
        self._send()

    def begin(self, headers: bytes, request: Sequence[bytes], deadline: float) -> Stream | None:
        """Begin a call, or return None if that is not possible now.

        Its ``waiter`` gets a result once it has ended: by the peer, at its ``deadline`` (the loop's
        time), or because the connection was lost.
        """
        stream = None
        if self._reply_timer is None:
            stream = self._protocol.begin(headers, request)
        if stream is None:
            return None
        stream.waiter, stream.deadline = self._loop.create_future(), deadline
        if deadline < self._due_at:
            self._set_timer(deadline)
        if not self._waiting:
            self._send()
        return stream

    def cancel(self, stream: Stream) -> None:
        """End a call whose answer is not wanted any more."""
        self._protocol.cancel(stream)
        if self.closed:
            return
        self._ping()
        if not self._waiting:
            self._send()
        self._close_if_over()

    def close(self) -> None:
        """Close the connection, and end the calls under way."""
        if self.closed:
            return
        self.closed = True
        self._set_timer(math.inf)
        self._cancel_reply_timer()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        for stream in self._protocol.streams.values():
            _end(stream)
        self._protocol = ClientProtocol()  # lets go of pictures

    def give_up(self, error: ProtocolError) -> None:
        """Leave all calls to another connection, whose library may know better."""
        if self.misunderstood:
            return
        fields = {"backend": self._address, "reason": one_line(str(error))}
        log.warning(
            "model server %(backend)s: its HTTP/2 is not understood, so gRPC's library makes "
            "all calls: %(reason)s",
            fields,
        )
        self.misunderstood = True
        for stream in self._protocol.ended:  # before what was not understood
            _end(stream)
        for stream in self._protocol.streams.values():
            stream.unprocessed = True
        self.close()

    def _on_readable(self) -> None:
        try:
            size = self._socket.recv_into(_BUFFER)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            size = 0
        if not size:
            self.close()
            return
        if self._reply_timer is not None:
            self._cancel_reply_timer()
        try:
            for stream in self._protocol.feed(_BUFFER[:size]):
                self._pinged_at = -math.inf
                _end(stream)
            self._protocol.ended = []  # they may be large
        except ProtocolError as error:
            self.give_up(error)
            return
        if self._protocol.output and not self._waiting:
            self._send()
        if self._protocol.leaving:
            self._close_if_over()

    def _close_if_over(self) -> None:
        """Close a connection that takes no more calls, once those under way are over."""
        if self._protocol.leaving and not self._protocol.streams:
            self.close()

    def _send(self) -> None:
        """Send what the socket takes; the rest follows when it takes more."""
        output = self._protocol.output
        try:
            while output:
                sent = self._socket.sendmsg(output[:_MOST_PIECES])
                if sent < sum(map(len, output)):
                    _remove(output, sent)
                else:  # the usual case
                    output.clear()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:  # the end is read after what arrived before it, such as answers
            output.clear()
            self._protocol.leave()
            self._loop.call_soon(self._close_if_over)  # not while a call begins
        if self._waiting != bool(output):
            self._waiting = bool(output)
            if self._waiting:
                self._loop.add_writer(self._socket, self._send)
            else:
                self._loop.remove_writer(self._socket)

    def _ping(self) -> None:
        """Ping the peer, unless that was done a moment ago."""
        now = self._loop.time()
        if self._reply_timer is None and now - self._pinged_at >= PING_EVERY_S:
            self._pinged_at = now
            self._protocol.ping()
            self._reply_timer = self._expect_reply()

    def _expect_reply(self) -> asyncio.TimerHandle:
        return self._loop.call_later(REPLY_S, self.close)

    def _cancel_reply_timer(self) -> None:
        if self._reply_timer is not None:
            self._reply_timer.cancel()
            self._reply_timer = None

    def _set_timer(self, due_at: float) -> None:
        """Look for calls that took too long at ``due_at``, and at no other time."""
        if self._timer is not None:
            self._timer.cancel()
        self._due_at = due_at
        finite = due_at < math.inf
        self._timer = self._loop.call_at(due_at, self._on_timer) if finite else None

    def _on_timer(self) -> None:
        """End the calls that took too long. One timer for all costs a call nothing."""
        now, streams = self._due_at, self._protocol.streams
        for stream in [stream for stream in streams.values() if stream.deadline <= now]:
            stream.expired = True
            self.cancel(stream)
            _end(stream)
        deadlines = (stream.deadline for stream in streams.values())
        self._set_timer(min(deadlines, default=math.inf))


def _end(stream: Stream) -> None:
    if not stream.waiter.done():
        stream.waiter.set_result(None)


def _remove(output: list[bytes | memoryview], size: int) -> None:
    """Take ``size`` bytes off the front."""
    for number, piece in enumerate(output):
        if len(piece) > size:
            output[: number + 1] = [memoryview(piece)[size:]]
            return
        size -= len(piece)
