"""A client with faults, in JSON: no options, frames before welcome, always the same id."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect


def report(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


async def listen(socket: WebSocketClientConnection, names: list[str]) -> None:
    while payload := await socket.read_message():
        message = json.loads(payload)
        if message["type"] == "welcome":
            report(state="ready")
        elif message["type"] == "result":
            fields = {name: message[name] for name in ("scores", "classes")}
            report(frame=names.pop(0), outcome="result", **fields)


async def main() -> None:
    loop = asyncio.get_running_loop()
    names: list[str] = []
    tasks = []
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        if command["command"] == "open":
            names.clear()
            socket = await websocket_connect(command["url"], subprotocols=["framewire.v1.json"])
            await socket.write_message('{"type": "hello"}')
            tasks.append(asyncio.create_task(listen(socket, names)))
        elif command["command"] == "offer":
            names.append(command["frame"])
            frame = {"type": "frame", "id": 1, "format": "jpeg", "data": command["data"]}
            await socket.write_message(json.dumps(frame))
        elif command["command"] == "close":
            socket.close()
            report(closed=True)


asyncio.run(main())
