"""A worker's server, which tells the supervisor how many connections may still become sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tornado.http1connection import HTTP1ServerConnection
from tornado.httputil import HTTPConnection, HTTPMessageDelegate
from tornado.iostream import IOStream

from server.transport.httpserver import BoundedServer


class CountingServer(BoundedServer):
    """Calls ``on_undecided`` with their number whenever it changes.

    A connection is undecided until it becomes a session's, ends, or has been answered once.
    """

    def initialize(  # type: ignore[override]
        self, on_undecided: Callable[[int], None], *arguments: Any, **options: Any
    ) -> None:
        super().initialize(*arguments, **options)
        self._on_undecided = on_undecided
        self._undecided: dict[IOStream, bool] = {}  # whether its first request has begun

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection, or close it."""
        super().handle_stream(stream, address)
        if not stream.closed():
            self._undecided[stream] = False
            self._on_undecided(len(self._undecided))

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Begin to read a request: the first, or one after an answer."""
        assert isinstance(server_conn, HTTP1ServerConnection)
        if self._undecided.get(server_conn.stream):
            self._decide(server_conn.stream)
        elif server_conn.stream in self._undecided:
            self._undecided[server_conn.stream] = True
        return super().start_request(server_conn, request_conn)

    def on_close(self, server_conn: object) -> None:
        """Count a connection no longer that has ended or is a session's."""
        super().on_close(server_conn)
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._decide(server_conn.stream)

    def _decide(self, stream: IOStream) -> None:
        if self._undecided.pop(stream, None) is not None:
            self._on_undecided(len(self._undecided))
