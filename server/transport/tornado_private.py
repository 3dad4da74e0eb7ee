"""The only module that uses Tornado's private names.

A minor release may change any of them, so setup.cfg ends Tornado's range at the last
minor version that was tried, and ``tests/server/transport/test_tornado_private.py``
says which name has changed.
"""

from __future__ import annotations

from collections.abc import Callable

from tornado.util import _websocket_mask
from tornado.websocket import WebSocketProtocol13

# unmask(mask, payload): XOR ``payload`` with the 4 bytes of ``mask``, repeated. Written in C.
unmask: Callable[[bytes, bytes], bytes] = _websocket_mask


class TornadoWebSocket(WebSocketProtocol13):
    """Tornado's side of a WebSocket: handshake, pings and the closing handshake.

    A subclass receives the messages. The private methods are aliased instead of wrapped,
    which would add a call to every message.
    """

    run_callback = WebSocketProtocol13._run_callback
    """Call a method of the handler; log an exception and end the connection."""

    handle_control = WebSocketProtocol13._handle_message
    """Answer a ping or a close frame, or note a pong."""

    write_frame = WebSocketProtocol13._write_frame
    """Write one WebSocket frame; the future is done once the kernel has all of it."""

    abort = WebSocketProtocol13._abort
    """Close the socket at once."""

    async def receive_messages(self) -> None:
        """Receive until the connection ends."""
        raise NotImplementedError

    async def _receive_frame_loop(self) -> None:
        await self.receive_messages()
