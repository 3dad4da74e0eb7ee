"""Drives a session over one connection after another, on the running event loop."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from framewire.client.actions import Encode, RenewToken, Send, Sleep
from framewire.client.address import Address
from framewire.client.connection import Connection, Unreachable
from framewire.client.errors import CLOSED, ClientClosed, ConnectionFailed
from framewire.client.messages import Encoded, Limits, Model
from framewire.client.outcomes import Outcome
from framewire.client.session import Session
from framewire.client.window import Frame
from framewire.client.worker import Worker
from framewire.recording import Recorder
from framewire.recording.files import RecordingFile
from framewire.recording.tap import Tap

log = logging.getLogger("framewire.client")

T = TypeVar("T")
Encoder = Callable[[Any, Model, Limits], Encoded]
TokenSource = Callable[[], Awaitable["str | None"]]


class Driver:
    """Connects, reconnects, and carries out what the session asks for.

    ``encode`` runs in a thread. ``token`` is asked before each attempt and for each renewal.
    ``record``: the file that frames and their outcomes are recorded in.
    """

    def __init__(
        self,
        session: Session,
        address: Address,
        encode: Encoder,
        token: TokenSource,
        record: Path | None = None,
    ) -> None:
        self.session = session
        self._address = address
        self._encode = encode
        self._token = token
        self._record = record
        self._recorder: Recorder | None = None
        self._encoder: Worker | None = None  # its thread, while the client is open
        self._renew_primitives()
        self._running: asyncio.Task[None] | None = None
        self._last_reason = "no answer yet"

    async def start(self, timeout_s: float) -> None:
        """Open a session.

        Raises :class:`Refused`, :class:`ConnectionFailed`, and OSError if it cannot be recorded.
        """
        if self._running is not None:
            raise RuntimeError("this client is open already")
        self._renew_primitives()
        if self._record is not None:
            self._recorder = Recorder(RecordingFile(self._record, "framewire.client"))
        self._running = asyncio.create_task(self._run())
        try:
            if not await self.until(lambda: self.session.welcome is not None, timeout_s):
                text = f"no session with {self._address.url} within {timeout_s:g} s"
                raise ConnectionFailed(f"{text}: {self._last_reason}")
        except BaseException:
            await self.stop()
            raise

    def _renew_primitives(self) -> None:
        """Forget the previous loop: a blocking client has another one each time it is opened."""
        self.turn = asyncio.Lock()  # of whoever wants its picture answered, not just offered
        self._next_change: asyncio.Future[None] | None = None  # of those who wait for one

    async def stop(self) -> None:
        """Close the connection. Frames without an outcome are dropped as ``disconnected``."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        self._leave_encoder()
        self.session.close()
        self.wake()
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            await asyncio.to_thread(recorder.close)

    def offer(self, picture: Any) -> asyncio.Future[Outcome]:
        """Offer a picture. Returns a future of its outcome, which never fails."""
        self.check()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def settle(outcome: Outcome) -> None:
            if not future.done():  # the caller may have cancelled it
                future.set_result(outcome)

        future.add_done_callback(lambda _: self.wake())  # it may be the picture being read
        self.session.offer(Frame(picture, self.now(), settle, lambda: not future.cancelled()))
        self.wake()
        return future

    def wake(self) -> None:
        """Look again at what is to do, because something has changed."""
        changed, self._next_change = self._next_change, None
        if changed is not None:
            changed.set_result(None)

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until ``condition`` holds. Returns whether it does.

        Raises :class:`Refused` and :class:`ClientClosed` when it no longer can.
        """
        end = self.now() + (math.inf if timeout_s is None else timeout_s)
        while not condition():
            self.check()
            if self.now() >= end:
                return False
            await self.change(end - self.now())
        return True

    async def change(self, seconds: float) -> None:
        """Wait until something changes, ``seconds`` at most.

        It waits for a future, which :meth:`wake` reaches at once. The task that waits for an event
        starts one turn of the loop later, and would miss what changes before.
        """
        timeout = None if seconds == math.inf else max(0.0, seconds)
        await asyncio.wait({self._change()}, timeout=timeout)

    def _change(self) -> asyncio.Future[None]:
        if self._next_change is None:
            self._next_change = asyncio.get_running_loop().create_future()
        return self._next_change

    async def while_open(self, awaitable: Awaitable[T]) -> T:
        """Return the result of ``awaitable``, which is cancelled when there is no session any more.

        Raises :class:`Refused` and :class:`ClientClosed` then.
        """
        future = asyncio.ensure_future(awaitable)
        try:
            while not future.done():
                self.check()
                either: set[asyncio.Future[Any]] = {future, self._change()}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return future.result()
        finally:
            future.cancel()

    @staticmethod
    def now() -> float:
        """Return the loop's time, in monotonic seconds."""
        return asyncio.get_running_loop().time()

    def check(self) -> None:
        """Raise :class:`Refused` or :class:`ClientClosed` if there will be no session any more."""
        if self.session.refusal is not None and self.session.state == "refused":
            raise self.session.refusal
        if self._running is None:
            raise ClientClosed(CLOSED)
        if self._running.done():
            self._running.result()  # raises the bug that ended it

    async def _run(self) -> None:
        try:
            await self._stay_connected()
        finally:  # whatever ended it, no frame stays without its outcome
            if self.session.state != "refused":
                self.session.close()
            self.wake()

    async def _stay_connected(self) -> None:
        """Keep a connection open until the gateway refuses the client."""
        while True:
            self.session.connecting()
            loss = await self._connect()
            wait_s = self.session.lost(self.now(), loss.refusal, loss.retry_after_s)
            self._last_reason = str(loss)
            self.wake()
            if self.session.refusal is not None:
                return
            log.warning("%s: %s; trying again in %.1f s", self._address.url, loss, wait_s)
            await asyncio.sleep(wait_s)

    async def _connect(self) -> Unreachable:
        """Connect and stay connected. Returns why that ended."""
        try:
            token = await self._token()
        except Exception as error:
            return Unreachable(f"no token: {error}")
        try:
            tap = None if self._recorder is None else Tap(self._recorder)
            connection = await Connection.open(self._address, tap)
        except Unreachable as error:
            return error
        self.session.opened(self.now(), token)
        sender = asyncio.create_task(self._send(connection))
        receiver = asyncio.create_task(self._receive(connection))
        try:
            return await self._first(sender, receiver)
        finally:
            sender.cancel()
            receiver.cancel()
            await asyncio.gather(sender, receiver, return_exceptions=True)
            await connection.close()

    async def _first(self, sender: asyncio.Task[None], receiver: asyncio.Task[None]) -> Unreachable:
        """Wait for the end of the connection. The receiver knows the reason, if it sees one."""
        await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
        if sender.done() and isinstance(sender.exception(), Unreachable):
            await asyncio.wait({receiver}, timeout=1.0)
        for task in (receiver, sender):
            if task.done():
                error = task.exception()
                if isinstance(error, Unreachable):
                    return error
                task.result()  # raises what is a bug
        raise AssertionError("neither half of the connection ended")

    async def _receive(self, connection: Connection) -> None:
        while True:
            left_s = self.session.give_up_at - self.now()
            message = await connection.receive(None if left_s == math.inf else max(0.0, left_s))
            try:
                self.session.received(self.now(), message)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise Unreachable(f"unexpected message from the gateway: {error!r}") from None
            _report(message)
            if self.session.rejected:  # it need not close the connection
                raise Unreachable(str(self.session.refusal))
            self.wake()

    async def _send(self, connection: Connection) -> None:
        while True:
            action = self.session.next_action(self.now())
            if isinstance(action, Sleep):
                await self.change(action.seconds)
            elif isinstance(action, Send):
                await connection.send(action.message)
            elif isinstance(action, Encode):
                await self._transmit(connection, action)
            elif isinstance(action, RenewToken):
                await self._renew()

    async def _transmit(self, connection: Connection, action: Encode) -> None:
        frame = action.frame
        try:
            encoded = await self._encoded(action)
        except Exception as error:  # whatever a picture of the caller's may raise
            self.session.unusable(frame, str(error) or repr(error))
            return
        message = self.session.transmit(self.now(), frame, encoded)
        self.wake()
        if message is not None:
            await connection.send(message)

    async def _encoded(self, action: Encode) -> Encoded:
        """Encode a picture in a thread. Raises what that raises.

        A picture may block for ever, such as a file on a dead share. The next one gets another
        thread once nobody waits for this one any more.
        """
        frame = action.frame
        if self._encoder is None:
            self._encoder = Worker()
        call = self._encoder.call(self._encode, frame.picture, action.model, action.limits)
        encoding = asyncio.ensure_future(call)
        try:
            while not encoding.done() and frame.is_wanted():
                either: set[asyncio.Future[Any]] = {encoding, self._change()}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if encoding.done():
                return encoding.result()
            raise TimeoutError("the picture could not be read in time")
        finally:
            if not encoding.done():
                encoding.cancel()
                self._leave_encoder()

    def _leave_encoder(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.stop()

    async def _renew(self) -> None:
        try:
            token = await self._token()
        except Exception as error:
            log.warning("no other token: %s", error)
            self.session.not_renewed(self.now())
        else:
            self.session.renewed(token or "")


def _report(message: dict[str, Any]) -> None:
    """Log an error about the session itself, such as changed options that the gateway rejects."""
    if message["type"] == "error" and "id" not in message:
        log.warning("the gateway reports %s (%s)", message["message"], message["code"])
