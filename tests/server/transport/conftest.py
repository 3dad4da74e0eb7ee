"""An echo server on the gateway's WebSocket protocol, on a real port, plain and with TLS."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from tornado import websocket
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from server.access.tls import server_context
from server.transport.websocket import WebSocketProtocol
from tests.server.access.authority import certify, write
from tests.server.gateway_process import trust
from tests.server.raw_peer import RawPeer

MAX_BYTES = 4 * 2**20


class EchoHandler(websocket.WebSocketHandler):
    """Sends each message back."""

    def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
        return WebSocketProtocol.replacing(super().get_websocket_protocol())

    def on_message(self, message: str | bytes) -> None:
        assert isinstance(self.ws_connection, WebSocketProtocol)
        self.ws_connection.send(message)


@dataclass
class Echo:
    """A running echo server."""

    port: int
    tls: ssl.SSLContext | None

    async def connect(self, behind: bytes = b"", headers: tuple[str, ...] = ()) -> RawPeer:
        """Connect a client."""
        return await RawPeer.connect(self.port, behind, headers, self.tls)


@pytest_asyncio.fixture(params=["plain", "tls"])
async def echo(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Echo]:
    client, options = None, None
    if request.param == "tls":
        root = certify("root")
        options = server_context(*write(tmp_path, certify("leaf", root), root))
        client = trust(root)
    application = Application([("/ws", EchoHandler)], websocket_max_message_size=MAX_BYTES)
    server = HTTPServer(application, ssl_options=options)
    socket, port = bind_unused_port()
    server.add_socket(socket)
    yield Echo(port, client)
    server.stop()
    await server.close_all_connections()
