"""``POST /v1/infer`` from plain sockets."""

from __future__ import annotations

import asyncio

from loadtest.camera import address

_TIMEOUT_S = 5.0


def head(length: int, path: str = "/v1/infer") -> bytes:
    """Return the head of a request with a body of ``length`` bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()


async def status(port: int, picture: bytes, number: int) -> int:
    """Upload ``picture`` from the address of camera ``number``. Returns the status, or 0."""
    uploading = asyncio.ensure_future(_status(port, picture, number))
    try:  # not by asyncio.wait_for; see loadtest.camera.Camera.opened
        await asyncio.wait({uploading}, timeout=_TIMEOUT_S)
        return uploading.result() if uploading.done() else 0
    except OSError:
        return 0
    finally:
        uploading.cancel()


async def _status(port: int, picture: bytes, number: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address(number))
    try:
        writer.write(head(len(picture)) + picture)
        answer = await reader.read()
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
    finally:
        writer.close()
