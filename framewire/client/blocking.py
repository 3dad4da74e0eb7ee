"""The client for programs without an event loop: the same core, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from types import TracebackType
from typing import Any, TypeVar

from framewire.client import stream
from framewire.client.asking import ask
from framewire.client.base import BaseClient
from framewire.client.errors import CLOSED, ClientClosed, NoResult
from framewire.client.outcomes import Outcome, Result
from framewire.client.pictures import Picture
from framewire.client.statistics import Statistics
from framewire.client.stream import Source

T = TypeVar("T")

# How long Ctrl-C may go unnoticed. One that arrives just before a thread waits, or that the system
# gives to another thread, does not wake it.
NOTICE_S = 0.2


class Client(BaseClient):
    """A blocking client; a context manager. Several threads may use it.

    It connects when the block is entered, reconnects by itself, and resumes with its options.
    """

    _loop: LoopThread | None = None

    def __enter__(self) -> Client:
        """Connect. Raises :class:`ConnectionFailed` and :class:`Refused`."""
        if self._loop is not None:
            raise RuntimeError("this client is open already")
        self._loop = LoopThread()
        try:
            self._loop.run(self._driver.start(self._connect_timeout_s))
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        loop = self._running()
        if loop.is_forked():  # the parent's client is none of this process's business
            self._loop = None
            return
        try:
            loop.run(self._driver.stop())
        finally:  # also after Ctrl-C
            self._stop()

    def infer(self, picture: Picture, *, timeout_s: float = 30.0) -> Result:
        """Return the model's result for one picture.

        The picture is sent again if that may help, such as after a lost connection. Threads take
        turns, and ``timeout_s`` starts with the turn. Raises :class:`NoResult`,
        :class:`Refused` and :class:`ClientClosed`.
        """
        outcome = self._running().run(ask(self._driver, picture, timeout_s))
        if not isinstance(outcome, Result):
            raise NoResult(outcome)
        return outcome

    def offer(self, picture: Picture) -> Future[Outcome]:
        """Send a picture as soon as there is room for it; a newer one replaces it until then.

        Returns a future of the picture's one outcome; :class:`Refused` and :class:`ClientClosed`
        are raised by that as well.
        """

        async def offered() -> Outcome:
            self._session.frame_seen(self._driver.now())
            return await self._driver.offer(picture)

        return self._running().start(offered())

    def outcomes(
        self, source: Source, *, live: bool | None = None, timeout_s: float = 30.0
    ) -> Generator[Outcome, None, None]:
        """Yield the outcome of every frame of ``source``, an iterable of pictures.

        A live source is read all the time, and the newest picture is sent whenever there is room;
        the others never become frames. Of any other source each picture is sent in turn, and
        again for up to ``timeout_s`` if that may help. ``live`` is by default what the source's
        attribute of that name says, and False if it has none. The source is read in another
        thread. Raises what the source raises, :class:`Refused` and :class:`ClientClosed`.
        """
        loop = self._running()
        outcomes = stream.outcomes(self._driver, source, live, timeout_s)

        turn = asyncio.Lock()
        step: asyncio.Task[Any] | None = None

        async def following() -> Outcome | None:
            nonlocal step
            step = asyncio.current_task()
            async with turn:
                return await anext(outcomes, None)

        async def close() -> None:
            if step is not None:
                step.cancel()  # Ctrl-C may have come before anybody waited for it
            async with turn:
                await outcomes.aclose()

        try:
            while (outcome := loop.run(following())) is not None:
                yield outcome
        finally:
            if self._loop is loop:  # otherwise the loop has ended it
                loop.run(close())

    def results(
        self, source: Source, *, live: bool | None = None, timeout_s: float = 30.0
    ) -> Generator[Result, None, None]:
        """Yield the results among the ``outcomes``; ``statistics`` counts the others."""
        for outcome in self.outcomes(source, live=live, timeout_s=timeout_s):
            if isinstance(outcome, Result):
                yield outcome

    def statistics(self) -> Statistics:
        """Return a snapshot of what was sent and received."""
        return self._call(self._session.statistics)

    def _change(self, options: dict[str, Any]) -> None:
        def change() -> None:
            self._session.configure(options)
            self._driver.wake()

        self._call(change)

    def _call(self, function: Callable[[], T]) -> T:
        """Call a function where the session lives."""
        loop = self._loop
        if loop is None or loop.is_current():  # the latter: in the callback of a future
            return function()

        async def called() -> T:
            return function()

        return loop.run(called())

    def _running(self) -> LoopThread:
        if self._loop is None:
            raise ClientClosed(CLOSED)
        return self._loop

    def _stop(self) -> None:
        loop, self._loop = self._running(), None
        loop.stop()


class LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._is_stopping = False
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started.set_result)),
            name="framewire-client",
            daemon=True,
        )
        self._thread.start()
        self._loop = started.result()

    async def _serve(self, started: Callable[[asyncio.AbstractEventLoop], None]) -> None:
        self._stopping = asyncio.Event()
        started(asyncio.get_running_loop())
        await self._stopping.wait()

    def is_current(self) -> bool:
        """Return whether this is called in that thread."""
        return threading.current_thread() is self._thread

    def is_forked(self) -> bool:
        """Return whether this process was forked from that with the thread, and has none."""
        return os.getpid() != self._pid

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine there. Returns a future of its result.

        Raises :class:`ClientClosed`, and RuntimeError in a process that was forked meanwhile.
        """
        if self.is_forked():
            coroutine.close()
            raise RuntimeError(
                "this client was opened in another process, of which this one is a fork; "
                "open a client in each process"
            )
        with self._lock:
            if not self._is_stopping:
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        coroutine.close()
        raise ClientClosed(CLOSED)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, and wait for its result.

        Raises :class:`ClientClosed` if the loop ends meanwhile, and RuntimeError in its own thread,
        which would wait for itself.
        """
        if self.is_current():
            coroutine.close()
            raise RuntimeError(
                "the callback of a future must not wait for the client: it runs in the client's "
                "own thread. Pass the work on to another one"
            )
        future = self.start(coroutine)
        try:
            return _awaited(future)
        except CancelledError:
            raise ClientClosed(CLOSED) from None
        except BaseException:  # such as Ctrl-C here, of which the coroutine knows nothing
            future.cancel()
            raise

    def stop(self) -> None:
        """End the loop and its thread. What still runs there is cancelled."""
        with self._lock:  # whatever was started before is cancelled, and nothing starts later
            self._is_stopping = True
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()


def _awaited(future: Future[T]) -> T:
    while True:
        try:
            return future.result(NOTICE_S)
        except FutureTimeout:
            if future.done():  # now, or with an error of that kind
                return future.result()
