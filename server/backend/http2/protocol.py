"""The client's side of one HTTP/2 connection. Pure: bytes go in, and bytes and answers come out.

Theory of operation. A call is a stream. ``begin`` writes its headers into ``output``, and as much
of its request as the peer's windows allow; the rest follows as they grow. ``feed`` takes what the
peer sends, and returns the calls that have ended. The caller must send ``output`` after each of
these, and take off what was sent.

The peer's windows bound what it gets at once, and ``MOST_REPLIES`` what it asks for without
reading. An answer is wanted whatever its size, but it ends where it said it would. No more than
``MAX_STREAMS`` calls are under way at once, if the peer sets such a bound.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from server.backend.http2 import frames
from server.backend.http2.frames import (
    FIRST_WINDOW,
    LARGEST_FRAME,
    LARGEST_WINDOW,
    FrameReader,
    ProtocolError,
    head,
)
from server.backend.http2.headers import Headers, decode

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = {
    frames.HEADER_TABLE_SIZE: 0,
    frames.ENABLE_PUSH: 0,
    frames.INITIAL_WINDOW: LARGEST_WINDOW,
}
_LAST_ID = 2**31 - 1
_LARGEST_BLOCK = 2**16
_UNCHECKED_BYTES = 2**20
"""Up to this size, an answer is left to end by itself."""
_PREFIX = struct.Struct(">BL")
"""Precedes a message of gRPC: whether it is compressed, and its length."""

_OVERLONG = {"grpc-status": "13", "grpc-message": "the answer goes on after its message"}

CANCEL, REFUSED = 0x8, 0x7
"""Codes with which a stream is reset."""

MOST_REPLIES = 10_000
"""How many pings and settings the peer may send without reading the replies."""


class Stream:
    """One call, and what has come of it.

    ``headers`` and ``trailers`` are those of its answer, ``body`` has its pieces. ``reset`` is the
    code with which the peer ended the call; ``unprocessed`` says that it did so without looking at
    it. ``waiter``, ``deadline`` and ``expired`` are the caller's.
    """

    __slots__ = (
        *("body", "deadline", "expired", "headers", "id", "left", "reset", "size", "trailers"),
        *("unprocessed", "unsent", "waiter", "window"),
    )

    def __init__(self, number: int, window: int, request: Sequence[bytes]) -> None:
        size = sum(map(len, request))
        self.id = number
        self.window = window
        self.unsent: deque[bytes | memoryview] = deque((_PREFIX.pack(0, size), *request))
        self.left = _PREFIX.size + size
        self.headers: Headers | None = None
        self.trailers: Headers | None = None
        self.body: list[bytes] = []
        self.size = 0  # of the body
        self.reset: int | None = None
        self.unprocessed = False
        self.waiter: Any = None
        self.deadline = 0.0
        self.expired = False

    @property
    def overlong(self) -> bool:
        """Whether the answer goes on after its message."""
        first = self.body[0]
        prefix = first if len(first) >= _PREFIX.size else b"".join(self.body[: _PREFIX.size])
        _, length = _PREFIX.unpack_from(prefix)
        return self.size > _PREFIX.size + int(length)


class ClientProtocol:
    """One connection; the module says how to use it.

    ``ended`` has the calls that have ended in the last ``feed``, also if that has failed.
    """

    def __init__(self) -> None:
        self.output: list[bytes | memoryview] = [
            _PREFACE,
            frames.settings(_SETTINGS),
            frames.number(frames.WINDOW_UPDATE, 0, LARGEST_WINDOW - FIRST_WINDOW),
        ]
        self.streams: dict[int, Stream] = {}
        self.accepting = False  # before the peer's settings, and once it is leaving
        self.leaving = False
        self._settled = False
        self._reader = FrameReader()
        self._next_id = 1
        self._window = self._first_window = FIRST_WINDOW
        self._max_frame = LARGEST_FRAME
        self._max_streams = LARGEST_WINDOW
        self._blocked: dict[int, Stream] = {}  # wait for larger windows
        self._unacknowledged = 0  # bytes of answers
        self._block: tuple[int, int, bytes] | None = None  # stream, flags and part of its headers
        self._replies = 0  # since there was no output
        self.ended: list[Stream] = []

    def begin(self, headers: bytes, request: Sequence[bytes]) -> Stream | None:
        """Begin a call, if the peer takes one now. ``request`` has the pieces of one message."""
        if not self.accepting or len(self.streams) >= self._max_streams:
            return None
        stream = Stream(self._next_id, self._first_window, request)
        self._next_id += 2
        if self._next_id > _LAST_ID:
            self.leave()
        self.streams[stream.id] = stream
        first = head(len(headers) << 8 | frames.HEADERS, frames.END_HEADERS, stream.id)
        self.output += (first, headers)
        self._write(stream)
        return stream

    def cancel(self, stream: Stream) -> None:
        """End a call whose answer is not wanted any more."""
        if self.streams.pop(stream.id, None) is not None:
            self._drop_request(stream, CANCEL)

    def ping(self) -> None:
        """Ask the peer for a reply, which shows that it is there."""
        self.output.append(frames.frame(frames.PING, 0, 0, bytes(8)))

    def leave(self) -> None:
        """Begin no more calls."""
        self.accepting, self.leaving = False, True

    def feed(self, received: memoryview) -> list[Stream]:
        """Take bytes, and return the calls that have ended. Raises ProtocolError."""
        ended = self.ended = []
        for kind, flags, stream_id, payload in self._reader.feed(received):
            if self._block is not None and kind != frames.CONTINUATION:
                raise ProtocolError("a frame between the parts of a header block")
            reaction = _REACTIONS.get(kind)
            if reaction is not None:  # others are ignored, as the standard wants
                reaction(self, flags, stream_id, payload)
        return ended

    def _write(self, stream: Stream) -> None:
        """Write as much of a request as the windows allow."""
        while stream.left:
            size = min(stream.left, self._max_frame, self._window, stream.window)
            if size <= 0:
                self._blocked[stream.id] = stream
                return
            stream.left -= size
            stream.window -= size
            self._window -= size
            flags = 0 if stream.left else frames.END_STREAM
            self.output.append(head(size << 8 | frames.DATA, flags, stream.id))
            self._move(stream.unsent, size)
        self._blocked.pop(stream.id, None)

    def _move(self, unsent: deque[bytes | memoryview], size: int) -> None:
        """Write the next ``size`` bytes of a request, without copying them."""
        while size:
            piece = unsent.popleft()
            if len(piece) > size:
                piece = memoryview(piece)
                unsent.appendleft(piece[size:])
                piece = piece[:size]
            self.output.append(piece)
            size -= len(piece)

    def _write_blocked(self) -> None:
        for stream in list(self._blocked.values()):
            self._write(stream)

    def _drop_request(self, stream: Stream, code: int) -> None:
        """Reset a stream of which something is unsent, or still expected."""
        self._blocked.pop(stream.id, None)
        stream.left = 0
        self.output.append(frames.number(frames.RST_STREAM, stream.id, code))

    def _reply(self, kind: int, payload: bytes) -> None:
        """Acknowledge a frame. Raises ProtocolError if the peer takes no replies."""
        self._replies = self._replies + 1 if self.output else 1
        if self._replies > MOST_REPLIES:
            raise ProtocolError("more pings and settings than replies to them are read")
        self.output.append(frames.frame(kind, frames.ACK, 0, payload))

    def _end(self, stream: Stream) -> None:
        del self.streams[stream.id]
        self.ended.append(stream)
        if stream.left:  # answered all the same
            self._drop_request(stream, CANCEL)

    # Reactions: one method for each type of frame.

    def _on_data(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._unacknowledged += len(payload)
        if self._unacknowledged > LARGEST_WINDOW // 2:
            self.output.append(frames.number(frames.WINDOW_UPDATE, 0, self._unacknowledged))
            self._unacknowledged = 0
        stream = self.streams.get(stream_id)
        if stream is None:  # cancelled meanwhile
            return
        if flags & frames.PADDED:
            payload = frames.unpadded(frames.PADDED, payload)
        if payload:
            stream.body.append(payload)
            stream.size += len(payload)
        if flags & frames.END_STREAM:
            stream.trailers = {}
            self._end(stream)
        elif stream.size > _UNCHECKED_BYTES and stream.overlong:
            stream.body.clear()
            stream.trailers = _OVERLONG
            self._drop_request(stream, CANCEL)
            self._end(stream)

    def _on_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if flags & (frames.PADDED | frames.PRIORITIZED):
            payload = frames.unpadded(flags, payload)
        if not flags & frames.END_HEADERS:
            self._block = stream_id, flags & frames.END_STREAM, payload
            return
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        headers = decode(payload)
        if stream.headers is None and not headers.get(":status", "").startswith("1"):
            stream.headers = headers
        if flags & frames.END_STREAM:
            stream.trailers = headers
            self._end(stream)

    def _on_continuation(self, flags: int, stream_id: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != stream_id:
            raise ProtocolError("a part of a header block that has not begun")
        _, end_stream, begun = self._block
        if len(begun) + len(payload) > _LARGEST_BLOCK:
            raise ProtocolError(f"headers of more than {_LARGEST_BLOCK} bytes")
        self._block = None
        self._on_headers(end_stream | flags & frames.END_HEADERS, stream_id, begun + payload)

    def _on_reset(self, flags: int, stream_id: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ProtocolError("a RST_STREAM of a wrong length")
        stream = self.streams.get(stream_id)
        if stream is not None:
            stream.reset = int.from_bytes(payload, "big")
            stream.unprocessed = stream.reset == REFUSED
            self._abandon(stream)

    def _abandon(self, stream: Stream) -> None:
        """End a stream that the peer has ended, or never begun."""
        stream.left = 0
        self._blocked.pop(stream.id, None)
        self._end(stream)

    def _on_settings(self, flags: int, stream_id: int, payload: bytes) -> None:
        if flags & frames.ACK:
            return
        values = frames.read_settings(payload)
        if not self._settled:
            self._settled, self.accepting = True, not self.leaving
        self._max_frame = values.get(frames.MAX_FRAME, self._max_frame)
        self._max_streams = values.get(frames.MAX_STREAMS, self._max_streams)
        window = values.get(frames.INITIAL_WINDOW, self._first_window)
        for stream in self.streams.values():
            stream.window += window - self._first_window
        self._first_window = window
        self._reply(frames.SETTINGS, b"")
        self._write_blocked()

    def _on_push(self, flags: int, stream_id: int, payload: bytes) -> None:
        raise ProtocolError("a push, which was not allowed")

    def _on_ping(self, flags: int, stream_id: int, payload: bytes) -> None:
        if len(payload) != 8:
            raise ProtocolError("a PING of a wrong length")
        if not flags & frames.ACK:
            self._reply(frames.PING, payload)

    def _on_goaway(self, flags: int, stream_id: int, payload: bytes) -> None:
        if len(payload) < 8:
            raise ProtocolError("a GOAWAY of a wrong length")
        self.leave()
        last = int.from_bytes(payload[:4], "big") & LARGEST_WINDOW
        for stream in [stream for stream in self.streams.values() if stream.id > last]:
            stream.unprocessed = True
            self._abandon(stream)

    def _on_window(self, flags: int, stream_id: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ProtocolError("a WINDOW_UPDATE of a wrong length")
        more = int.from_bytes(payload, "big") & LARGEST_WINDOW
        if stream_id:
            stream = self.streams.get(stream_id)
            if stream is not None:
                stream.window += more
        else:
            self._window += more
        if self._blocked:
            self._write_blocked()


_Reaction = Callable[[ClientProtocol, int, int, bytes], None]

_REACTIONS: dict[int, _Reaction] = {
    frames.DATA: ClientProtocol._on_data,
    frames.HEADERS: ClientProtocol._on_headers,
    frames.CONTINUATION: ClientProtocol._on_continuation,
    frames.RST_STREAM: ClientProtocol._on_reset,
    frames.SETTINGS: ClientProtocol._on_settings,
    frames.PUSH_PROMISE: ClientProtocol._on_push,
    frames.PING: ClientProtocol._on_ping,
    frames.GOAWAY: ClientProtocol._on_goaway,
    frames.WINDOW_UPDATE: ClientProtocol._on_window,
}
