"""A Tornado WebSocket handler that blocks on a Predict call per frame.

``python -m benchmarks.field.servers.tornado_blocking PORT GRPC_PORT``.
"""

from __future__ import annotations

import asyncio
import json
import sys

import grpc
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from benchmarks.field.servers import predict


class Digits(WebSocketHandler):
    """One camera: a JPEG per message, answered by JSON."""

    def initialize(self, stub: predict.Stub) -> None:
        """Take the client of the model server."""
        self._stub = stub

    def on_message(self, message: str | bytes) -> None:
        """Answer one frame."""
        assert isinstance(message, bytes)
        response = self._stub.Predict(predict.request(message), timeout=10)
        self.write_message(json.dumps(predict.answer(response)))


async def main(port: int, grpc_port: int) -> None:
    """Serve until the process is terminated."""
    stub = predict.Stub(grpc.insecure_channel(f"127.0.0.1:{grpc_port}"))
    Application([("/ws", Digits, {"stub": stub})]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
