"""Threads for the caller's functions, which may block for as long as they like."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """A thread that runs one call after another.

    Nothing waits for it: unlike a thread of the loop's executor, one that reads a silent camera
    delays neither the end of the loop nor that of the program.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="framewire-client-call", daemon=True).start()

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function there, and wait for what it returns or raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        bound = functools.partial(contextvars.copy_context().run, function, *arguments)
        self._calls.put(functools.partial(_settle, loop, future, bound))
        return await future

    def stop(self) -> None:
        """Run no further calls."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # whatever it holds is released now, and not after the next one


async def call_in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run a function in a thread of its own, and wait for what it returns or raises."""
    worker = Worker()
    try:
        return await worker.call(function, *arguments)
    finally:
        worker.stop()


def raised(error: BaseException) -> Exception:
    """Return what to raise on the loop for what a thread raised.

    A future takes no StopIteration, and an exit would end the loop instead of the program.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"{error!r} was raised in a thread of the client")
    wrapped.__cause__ = error
    return wrapped


def _settle(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], call: Callable[[], T]
) -> None:
    """Make the call, and settle its future on the loop."""
    try:
        outcome = functools.partial(future.set_result, call())
    except BaseException as error:
        outcome = functools.partial(future.set_exception, raised(error))

    def settle() -> None:
        if not future.done():  # nobody waits for it any more
            outcome()

    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(settle)
