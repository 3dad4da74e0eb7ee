"""REST without a file to spare: a pause and one line, instead of a busy loop that fills the log."""

from __future__ import annotations

import asyncio

import pytest
from tornado.httpserver import HTTPServer
from tornado.web import Application

from modelserver.rest import listening
from tests.server.waiting import until


async def test_connections_wait_until_there_are_files_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def exhausted(number: int) -> None:
        nonlocal calls
        calls += 1
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(listening, "PAUSE_S", 0.02)
    [socket] = sockets = listening.open_sockets("127.0.0.1", 0)
    server = HTTPServer(Application([], log_function=lambda handler: None))
    with monkeypatch.context() as full:
        full.setattr(listening, "_check_files", exhausted)
        server.add_sockets(sockets)
        reader, writer = await asyncio.open_connection(*socket.getsockname())
        await until(lambda: calls >= 3)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 404")
    writer.close()
    server.stop()
    assert [one.getMessage() for one in caplog.records] == [
        "REST connections wait until others end: Too many open files"
    ]
    await server.close_all_connections()
