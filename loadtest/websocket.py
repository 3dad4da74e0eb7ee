"""The parts of RFC 6455 that a client of the load test needs."""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
SUBPROTOCOL = "framewire.v1.msgpack"
MAX_HEAD_BYTES = 1 << 16
MAX_MESSAGE_BYTES = 64 << 20


def handshake(
    encoding: str = "msgpack",
    host: str = "127.0.0.1",
    path: str = "/ws",
    authorization: str | None = None,
) -> bytes:
    """Return the request that opens a session in ``msgpack`` or ``json``."""
    key = base64.b64encode(os.urandom(16)).decode()
    header = f"Authorization: {authorization}\r\n" if authorization is not None else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{header}"
        f"Sec-WebSocket-Protocol: framewire.v1.{encoding}\r\n\r\n"
    ).encode()


@dataclass(frozen=True)
class Answer:
    """The answer to a handshake: its headers by their names in lower case, and what follows."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    rest: bytes


def answer(buffer: bytes) -> Answer | None:
    """Return the answer to a handshake; None while it is incomplete.

    Raises ValueError if it is not HTTP.
    """
    start = b"HTTP/1."
    if buffer[: len(start)] != start[: len(buffer)]:
        raise ValueError("the answer is not HTTP")
    head, end, rest = buffer.partition(b"\r\n\r\n")
    if not end:
        if len(buffer) > MAX_HEAD_BYTES:
            raise ValueError("the head of the answer has no end")
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.partition(":") for line in lines]
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    status = int(first.partition(" ")[2].partition(" ")[0])
    length = 0 if status == 101 else int(headers.get("content-length", "0"))
    if len(rest) < length:
        return None
    return Answer(status, headers, rest[:length], rest[length:])


def header(length: int, opcode: int = BINARY) -> bytes:
    """Return the header of a payload of ``length`` bytes, with a mask of zeros."""
    mask, first = bytes(4), 0x80 | opcode
    if length < 126:
        return struct.pack(">BB", first, 0x80 | length) + mask
    if length < 2**16:
        return struct.pack(">BBH", first, 0xFE, length) + mask
    return struct.pack(">BBQ", first, 0xFF, length) + mask


def pong(payload: bytes) -> bytes:
    """Return the answer to a ping."""
    return header(len(payload), PONG) + payload


def messages(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the opcodes and payloads of a server's complete frames, and the remaining bytes.

    Raises ValueError for what no gateway sends: a frame that is part of a message, has an extension
    or a mask, or is longer than ``MAX_MESSAGE_BYTES``.
    """
    complete = []
    at = 0
    while len(buffer) - at >= 2:
        length, start = buffer[at + 1] & 0x7F, at + 2
        if length > 125:
            start += 2 if length == 126 else 8
            if len(buffer) < start:
                break
            length = int.from_bytes(buffer[at + 2 : start], "big")
        if buffer[at] & 0xF0 != 0x80 or buffer[at + 1] & 0x80 or length > MAX_MESSAGE_BYTES:
            raise ValueError("not a WebSocket frame of a gateway")
        if len(buffer) < start + length:
            break
        complete.append((buffer[at] & 0x0F, buffer[start : start + length]))
        at = start + length
    return complete, buffer[at:]
