"""A client's end of a session, at the least cost of CPU time.

The load generator shares its cores with what it measures. So the mask that WebSocket requires of
clients is zero: the gateway unmasks it like any other, and the client does not have to mask 40 KB.
"""

from __future__ import annotations

import asyncio
import operator
from typing import Any

import msgpack

from loadtest import websocket


def hello(**options: Any) -> bytes:
    """Return a ``hello`` message with these options, as it goes into the socket."""
    message: bytes = msgpack.packb({"type": "hello", "client": "loadtest", **options})
    return websocket.header(len(message)) + message


class Rejected(ConnectionError):
    """No session was opened, because of what the server said.

    ``status`` is that of its HTTP answer: 101 if the gateway rejected ``hello``, and 0 if the
    answer was not HTTP. ``text`` is the answer's body, or the message of the error. ``location``
    is where the answer redirects to; empty if it does not.
    """

    def __init__(self, status: int, text: str, location: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.location = location


class Connection(asyncio.Protocol):
    """One session, from the handshake on. Subclasses react to its messages in ``_on_message``.

    ``greeting`` is sent first: a handshake and ``hello``. ``welcomed`` gets the ``welcome``.
    """

    def __init__(self, greeting: bytes) -> None:
        self.welcomed: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._greeting = greeting
        self._buffer = b""
        self._open = False
        self.ended = "the connection was closed"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._greeting)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._open or self._opens():
            try:
                self._read_messages()
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                self._malformed(error)

    async def opened(self, timeout_s: float = 10.0) -> None:
        """Wait until the session is open. Raises OSError: TimeoutError, or :class:`Rejected`.

        Not by ``asyncio.wait_for``, which before Python 3.12 loses a cancellation that arrives
        together with the result.
        """
        await asyncio.wait({self.welcomed}, timeout=timeout_s)
        if not self.welcomed.done():
            what = "it opened a WebSocket, but sent no welcome" if self._open else "no answer"
            raise TimeoutError(f"{what} within {timeout_s:g} s")
        self.welcomed.result()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            reason = error.strerror if isinstance(error, OSError) else None
            self.ended = reason or str(error)
        self._fail(Rejected(101, self.ended) if self._open else ConnectionError(self.ended))

    def leave(self) -> None:
        """Disconnect without a closing handshake, as phones do."""
        self._transport.abort()

    def _on_message(self, message: dict[str, Any]) -> None:
        """React to a message, ``welcome`` included."""
        raise NotImplementedError

    def _opens(self) -> bool:
        """Return whether the answer to the handshake has arrived, and opens a WebSocket."""
        try:
            answer = websocket.answer(self._buffer)
        except ValueError:
            self._fail(Rejected(0, "the answer is not HTTP"))
            return False
        if answer is None:
            return False
        self._buffer = answer.rest
        if answer.status != 101:
            text, location = answer.body.decode("utf-8", "replace"), answer.headers.get("location")
            self._fail(Rejected(answer.status, text, location or ""))
            return False
        if answer.headers.get("sec-websocket-protocol", "") != websocket.SUBPROTOCOL:
            self._fail(Rejected(answer.status, "the WebSocket does not speak framewire.v1"))
            return False
        self._open = True
        return True

    def _read_messages(self) -> None:
        messages, self._buffer = websocket.messages(self._buffer)
        for opcode, payload in messages:
            if opcode == websocket.BINARY:
                self._unpack(payload)
            elif opcode == websocket.PING:  # the gateway disconnects clients that do not answer
                self._transport.write(websocket.pong(payload))
            elif opcode == websocket.CLOSE:
                self._on_close(payload)

    def _unpack(self, payload: bytes) -> None:
        message = msgpack.unpackb(payload)
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise TypeError("not a map with a type")
        self._receive(message)

    def _malformed(self, error: Exception) -> None:
        """End a session with a server that sends what is not of the protocol."""
        why = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)[:100]
        reason = f"it sent a message that is not one of framewire.v1: {why}"
        self._fail(Rejected(101, reason))
        self._transport.abort()
        self.ended = reason

    def _on_close(self, payload: bytes) -> None:
        reason = payload[2:].decode("utf-8", "replace") or "no reason given"
        self.ended = f"the gateway closed the session: {reason}"
        self._transport.write(websocket.header(len(payload), websocket.CLOSE) + payload)
        self._transport.close()

    def _receive(self, message: dict[str, Any]) -> None:
        if not self.welcomed.done():
            if message["type"] == "welcome":
                operator.index(message["limits"]["window"])
                self.welcomed.set_result(message)
            elif message["type"] == "error":
                self._fail(Rejected(101, f"{message['message']} ({message['code']})"))
        self._on_message(message)

    def _fail(self, error: OSError) -> None:
        if not self.welcomed.done():
            self.welcomed.set_exception(error)
            self.welcomed.exception()  # not everybody waits for it
