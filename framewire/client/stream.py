"""Streams of pictures: in turn, or live, where the newest wins.

A live source is read all the time, in a thread of its own, and its newest picture is taken
whenever the session has room for one. The others never become frames, so each frame still has
exactly one outcome. At most ``MAX_UNREAD`` outcomes wait for the caller, or are still due.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

from framewire.client.asking import ask
from framewire.client.driver import Driver
from framewire.client.outcomes import Outcome
from framewire.client.waiting import within
from framewire.client.worker import Worker, raised

MAX_UNREAD = 8
RELEASE_S = 1.0  # what a source that is left gets to close its camera
END: Any = object()
_NOTHING: Any = object()

Source = Iterable[Any] | AsyncIterable[Any]


async def pictures(driver: Driver, source: Source) -> AsyncGenerator[Any, None]:
    """Iterate over any source, until the client is closed; one that blocks is read in a thread."""
    if isinstance(source, AsyncIterable):
        async for picture in source:  # in the caller's task, which a source may rely on
            yield picture
        return
    worker = Worker()
    try:
        iterator = iter(source)
        while (picture := await driver.while_open(worker.call(next, iterator, END))) is not END:
            yield picture
    finally:
        worker.stop()


class Newest:
    """The newest picture of a source that is read all the time.

    ``seen`` is called on the loop for each picture, whether or not it is ever taken.
    """

    def __init__(self, source: Source, seen: Callable[[], None]) -> None:
        self._seen = seen
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._released = asyncio.Event()
        self._noticed = threading.Event()
        self._picture: Any = _NOTHING  # only the loop touches it
        self._error: Exception | None = None
        self._ended = self._stopped = False
        self._task: asyncio.Task[None] | None = None
        if isinstance(source, AsyncIterable):
            self._task = asyncio.create_task(self._read_async(source))
        else:
            threading.Thread(target=self._read, args=(source,), daemon=True).start()

    async def take(self) -> Any:
        """Wait for a picture that was not taken before. Returns ``END`` after the last one.

        Raises what the source raised.
        """
        while self._picture is _NOTHING:
            if self._error is not None:
                raise self._error
            if self._ended:
                return END
            self._arrived.clear()
            await self._arrived.wait()
        picture, self._picture = self._picture, _NOTHING
        return picture

    async def stop(self) -> None:
        """Read no more. Waits until the source is released, unless it blocks for longer."""
        self._stopped = True
        self._noticed.set()
        if self._task is not None:
            self._task.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._released.wait(), RELEASE_S)

    def _read(self, source: Iterable[Any]) -> None:
        try:
            for picture in source:
                # The loop sets the pace of a source that is faster than it.
                self._noticed.clear()
                if self._stopped or not self._call(self._put, picture):
                    return
                self._noticed.wait()
                if self._stopped:
                    return
        except BaseException as error:
            self._error = raised(error)
        finally:
            self._call(self._end)

    async def _read_async(self, source: AsyncIterable[Any]) -> None:
        try:
            async for picture in source:
                self._put(picture)
        except Exception as error:
            self._error = error
        finally:
            self._end()

    def _put(self, picture: Any) -> None:
        self._picture = picture
        self._seen()
        self._arrived.set()
        self._noticed.set()

    def _end(self) -> None:
        self._ended = True
        self._arrived.set()
        self._released.set()

    def _call(self, function: Callable[..., None], *arguments: Any) -> bool:
        """Call a function on the loop. Returns False if that is closed."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            return False
        return True


def outcomes(
    driver: Driver, source: Source, is_live: bool | None, timeout_s: float
) -> AsyncGenerator[Outcome, None]:
    """Return the outcomes of a source. ``is_live``: None leaves that to the source.

    Raises TypeError for a single picture. A string would be one after another of its characters.
    """
    if isinstance(source, str | bytes | bytearray | memoryview | os.PathLike):
        raise TypeError(
            "a source is an iterable of pictures, such as a list, Folder(path) or video(path), "
            f"not {type(source).__name__}; infer takes a single picture"
        )
    if getattr(source, "live", False) if is_live is None else is_live:
        return live(driver, source)
    return in_turn(driver, source, timeout_s)


async def live(driver: Driver, source: Source) -> AsyncGenerator[Outcome, None]:
    """Yield the outcomes of a live source, as they arrive."""
    newest = Newest(source, lambda: driver.session.frame_seen(driver.now()))
    outcomes: asyncio.Queue[Any] = asyncio.Queue()
    places = asyncio.Semaphore(MAX_UNREAD)
    feeding = asyncio.create_task(_feed(driver, newest, outcomes, places))
    try:
        while (outcome := await outcomes.get()) is not END:
            places.release()
            yield outcome
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await newest.stop()


async def in_turn(
    driver: Driver, source: Source, timeout_s: float
) -> AsyncGenerator[Outcome, None]:
    """Yield one outcome per picture, in order. The next picture is read after that."""
    async with contextlib.aclosing(pictures(driver, source)) as following:
        async for picture in following:
            driver.session.frame_seen(driver.now())
            yield await ask(driver, picture, timeout_s)


async def _feed(
    driver: Driver, newest: Newest, outcomes: asyncio.Queue[Any], places: asyncio.Semaphore
) -> None:
    """Offer the newest picture whenever there is room, and queue the outcomes."""
    due: set[asyncio.Future[Outcome]] = set()
    failure: Exception | None = None

    def settled(future: asyncio.Future[Outcome]) -> None:
        due.discard(future)
        outcomes.put_nowait(future.result())

    try:
        async for picture in _when_there_is_room(driver, newest, places):
            future = driver.offer(picture)
            due.add(future)
            future.add_done_callback(settled)
    except Exception as error:  # raised after the outcomes of what was offered before
        failure = error
    while due:
        await asyncio.wait(due)
    outcomes.put_nowait(END)
    if failure is not None:
        raise failure


async def _when_there_is_room(
    driver: Driver, newest: Newest, places: asyncio.Semaphore
) -> AsyncIterator[Any]:
    while True:
        await places.acquire()
        while (wait_s := driver.session.room_s(driver.now())) != 0:
            driver.check()
            await driver.change(math.inf if wait_s is None else wait_s)
        if (picture := await driver.while_open(newest.take())) is END:
            return
        yield picture
