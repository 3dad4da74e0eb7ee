"""A bare WebSocket server that sends each message back: ``python -m loadtest.speed.echo PORT``.

Beside it, the clients that keep it busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

from loadtest import websocket
from loadtest.stack import START_S, Process, free_port


async def serve(port: int) -> None:
    """Serve on loopback until the process is terminated."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed

    async def echo(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    async with serve(echo, "127.0.0.1", port, compression=None, max_size=None):
        await asyncio.Event().wait()


class Echo:
    """The server as a process, for as long as the context is open."""

    def __enter__(self) -> Echo:
        self._port = free_port()
        self._process = Process("loadtest.speed.echo", str(self._port))
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()

    def message_us(self, message: bytes, sessions: int, seconds: float) -> float:
        """Let clients send ``message`` again and again. Returns the server's CPU time for each."""
        return asyncio.run(self._message_us(message, sessions, seconds))

    async def _message_us(self, message: bytes, sessions: int, seconds: float) -> float:
        clients = [await self._connect(message) for _ in range(sessions)]
        await asyncio.sleep(0.5)
        echoed = sum(client.echoed for client in clients)
        before = self._process.cpu_ns()
        await asyncio.sleep(seconds)
        used_ns = self._process.cpu_ns() - before
        echoed = sum(client.echoed for client in clients) - echoed
        for client in clients:
            client.leave()
        return used_ns / 1000 / max(1, echoed)

    async def _connect(self, message: bytes) -> _Client:
        loop, deadline = asyncio.get_running_loop(), time.monotonic() + START_S
        while True:
            try:
                _, client = await loop.create_connection(
                    lambda: _Client(message), "127.0.0.1", self._port
                )
                return client
            except ConnectionRefusedError:  # it is still starting
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)


class _Client(asyncio.Protocol):
    """Sends a message, waits until all of its bytes have come back, and so on."""

    def __init__(self, message: bytes) -> None:
        self.echoed = 0
        self._message = websocket.header(len(message)) + message
        self._awaited = len(self._message) - 4  # servers do not mask
        self._handshake: bytes | None = b""
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(websocket.handshake())

    def data_received(self, data: bytes) -> None:
        if self._handshake is not None:
            self._handshake += data
            if b"\r\n\r\n" in self._handshake:
                self._handshake = None
                self._transport.write(self._message)
            return
        self._received += len(data)
        if self._received == self._awaited:
            self._received, self.echoed = 0, self.echoed + 1
            self._transport.write(self._message)

    def leave(self) -> None:
        self._transport.abort()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
