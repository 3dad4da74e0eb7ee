"""A message's way from the socket to the handler: how many Python functions it passes.

While a lone camera's frame is handled the caches are cold, so each call counts.
"""

from __future__ import annotations

import asyncio
import sys
from types import FrameType

from tornado import websocket
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from server.transport.websocket import WebSocketProtocol
from tests.server.raw_peer import PATIENCE_S, RawPeer

MOST_CALLS = 8


class Handler(websocket.WebSocketHandler):
    """Records the calls that lead to ``on_message``."""

    calls: list[str]
    done: asyncio.Event

    def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
        return WebSocketProtocol.replacing(super().get_websocket_protocol())

    def on_message(self, message: str | bytes) -> None:
        sys.setprofile(None)
        self.done.set()


def record(frame: FrameType, event: str, argument: object) -> None:
    if event == "call":
        Handler.calls.append(frame.f_code.co_name)


async def test_a_message_takes_few_calls() -> None:
    Handler.done = asyncio.Event()
    server = HTTPServer(Application([("/ws", Handler)]))
    socket, port = bind_unused_port()
    server.add_socket(socket)
    peer = await RawPeer.connect(port)
    for _ in range(2):  # the first warms up
        Handler.calls = []
        Handler.done.clear()
        peer.send(0x2, b"a frame")
        sys.setprofile(record)
        await asyncio.wait_for(Handler.done.wait(), PATIENCE_S)
    start = len(Handler.calls) - 1 - Handler.calls[::-1].index("_on_readable")
    calls = Handler.calls[start : Handler.calls.index("on_message", start)]
    assert len(calls) <= MOST_CALLS, calls
    peer.leave()
    server.stop()
