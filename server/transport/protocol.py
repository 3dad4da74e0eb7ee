"""Tornado's WebSocket protocol with fewer steps for each frame.

Tornado shakes hands, pings and closes. Between the two, what the client sends goes
from its socket to the handler in one step of the loop, and a message that the socket
takes at once is done at once.
"""

from __future__ import annotations

import asyncio
from typing import cast

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.websocket import WebSocketProtocol13

from server.transport import reader
from server.transport.socketstream import SocketStream

_CHUNK_BYTES = 64 * 1024
# Frames of one client that are handled before others get their turn.
_FRAMES_IN_TURN = 64
# The time that a client whose bytes make no sense has to read why it is closed.
_LINGER_S = 1.0
_NOTHING = memoryview(b"")


class WebSocketProtocol(WebSocketProtocol13):
    """The server's side of one WebSocket."""

    _reader: reader.MessageReader
    _gave_up = False  # on a client whose bytes make no sense

    def send(self, payload: bytes | str) -> asyncio.Future[None] | None:
        """Send one message. None if the socket is closing; done once the kernel has it all."""
        if self.client_terminated or self.server_terminated:
            return None
        try:
            if isinstance(payload, str):
                return self._write_frame(True, reader.TEXT, payload.encode())
            return self._write_frame(True, reader.BINARY, payload)
        except StreamClosedError:
            return None

    async def _receive_frame_loop(self) -> None:
        """Everything from the handshake to the end of the connection."""
        self._reader = reader.MessageReader(self.params.max_message_size)
        try:
            await self._read_stream()
            if not self.stream.closed():
                await self._read_socket()
        except StreamClosedError:
            self._abort()
        finally:
            self.handler.on_ws_connection_close(self.close_code, self.close_reason)

    async def _read_stream(self) -> None:
        """What comes through TLS, and of any other connection what Tornado has read already."""
        while not self.client_terminated:
            came = await self.stream.read_bytes(_CHUNK_BYTES, partial=True)
            more = self._handle_some(memoryview(came))
            while more:
                await asyncio.sleep(0)
                more = self._handle_some()
            if len(came) < _CHUNK_BYTES and not isinstance(self.stream, SSLIOStream):
                break
            await asyncio.sleep(0)  # a read that finds bytes at once gives nobody else a turn

    async def _read_socket(self) -> None:
        """All the rest of a connection without TLS."""
        await self.stream.write(b"")  # done when all that was said before is
        stream, taken = self.stream, SocketStream(self.stream.io_loop, self._received)
        self.stream = cast(IOStream, taken)  # what is asked of it from here on, it has
        await taken.take_over(stream)
        await taken.lost

    def _received(self, came: memoryview) -> None:
        if self._handle_some(came):
            stream = cast(SocketStream, self.stream)
            stream.pause()
            asyncio.get_running_loop().call_soon(self._go_on, stream)

    def _go_on(self, stream: SocketStream) -> None:
        if self._handle_some():
            asyncio.get_running_loop().call_soon(self._go_on, stream)
        else:
            stream.resume()

    def _handle_some(self, came: memoryview = _NOTHING) -> bool:
        """Hand over the messages that are whole. True if more may be, when others had a turn."""
        if self._gave_up:
            return False
        self._reader.feed(came)
        try:
            for _ in range(_FRAMES_IN_TURN):
                message = None if self.client_terminated else self._reader.take()
                if message is None:
                    return False
                if message[0] != reader.CONTINUATION:
                    self._hand_over(*message)
        except reader.BadFraming as error:
            self._give_up(error)
            return False
        finally:
            self._reader.keep()
        return True

    def _hand_over(self, opcode: int, payload: bytes) -> None:
        try:
            if opcode == reader.TEXT:
                self._run_callback(self.handler.on_message, payload.decode())
            else:
                self._handle_message(opcode, payload)
        except UnicodeDecodeError:  # of a message, or of a reason to close
            raise reader.BadFraming(reader.NO_TEXT, "text that is not UTF-8") from None

    def _give_up(self, error: reader.BadFraming) -> None:
        """Say why. What still comes is thrown away for a moment: its sender could not read else."""
        self._gave_up = True
        self.close(error.code, error.reason)
        asyncio.get_running_loop().call_later(_LINGER_S, self._abort)
