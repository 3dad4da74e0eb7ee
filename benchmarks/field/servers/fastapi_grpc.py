"""FastAPI with a WebSocket and one ``grpc.aio`` Predict call per frame.

``python -m benchmarks.field.servers.fastapi_grpc PORT GRPC_PORT``.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator

import grpc.aio
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from benchmarks.field.servers import predict


def application(grpc_port: int) -> FastAPI:
    """Return the application, which calls the model server at this port."""

    @contextlib.asynccontextmanager
    async def connected(app: FastAPI) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
            app.state.stub = predict.Stub(channel)
            yield

    app = FastAPI(lifespan=connected)

    @app.websocket("/ws")
    async def camera(socket: WebSocket) -> None:
        """Answer a camera: a JPEG per message, answered by JSON."""
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                picture = await socket.receive_bytes()
                response = await app.state.stub.Predict(predict.request(picture), timeout=10)
                await socket.send_json(predict.answer(response))

    return app


if __name__ == "__main__":
    uvicorn.run(
        application(int(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
    )
