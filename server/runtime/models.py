"""Which models the model server has, as far as the sessions ask for them.

One lookup runs for each model that somebody uses: at first use, again when
something hints that the answer is out of date, and every ``REFRESH_S`` for those
who send no frames. While there is no answer it is repeated with a growing pause,
or as soon as a lost connection is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from server.backend.interface import Backend
from server.core.errors import BackendUnavailable, FramewireError, Internal
from server.core.model import Model, ModelKey

log = logging.getLogger(__name__)

REFRESH_S = 5.0
# Between two look-ups of one model, however many doubts there are.
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0

ModelOrError = Model | FramewireError
Changed = Callable[[ModelKey, ModelOrError], None]


@dataclass(slots=True)
class _Entry:
    users: int = 0
    optional: bool = True
    found: ModelOrError | None = None
    invalidated: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Models:
    """Looks models up and tells ``changed`` whenever the answer is another one."""

    def __init__(self, backend: Backend, changed: Changed) -> None:
        self._backend = backend
        self._changed = changed
        self._entries: dict[ModelKey, _Entry] = {}
        self._connected = asyncio.Event()

    def acquire(self, key: ModelKey, optional: bool = False) -> ModelOrError | None:
        """Somebody needs ``key``. None: it is being looked up, and ``changed`` will tell.

        ``optional``: that there is none is no news for the log.
        """
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
            entry.task = asyncio.ensure_future(self._follow(key, entry))
        entry.users += 1
        entry.optional = entry.optional and optional
        return entry.found

    def release(self, key: ModelKey) -> None:
        """Somebody needs ``key`` no longer; nothing is kept for models without users."""
        entry = self._entries.get(key)
        if entry is None:  # closed meanwhile
            return
        entry.users -= 1
        if not entry.users:
            del self._entries[key]
            if entry.task:
                entry.task.cancel()

    def current(self, key: ModelKey) -> ModelOrError | None:
        """What is known of ``key`` now."""
        entry = self._entries.get(key)
        return entry.found if entry else None

    def invalidate(self, key: ModelKey, error: FramewireError | None = None) -> None:
        """Look ``key`` up again at once; ``error``: it certainly does not answer now."""
        entry = self._entries.get(key)
        if entry is None:
            return
        if error is not None:
            self._tell(key, entry, error)
        entry.invalidated.set()

    def reachable(self, connected: bool) -> None:
        """The connection to the model server has come or gone."""
        if connected:
            self._connected.set()
        else:
            self._connected.clear()
        gone = None if connected else BackendUnavailable("no model server answers")
        for key in list(self._entries):
            self.invalidate(key, gone)

    async def close(self) -> None:
        """Stop looking."""
        tasks = [entry.task for entry in self._entries.values() if entry.task]
        self._entries.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, key: ModelKey, entry: _Entry) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            entry.invalidated.clear()
            found = await self._look_up(key)
            self._tell(key, entry, found)
            if isinstance(found, Model):
                pause_s = FIRST_PAUSE_S
                # Doubts come in crowds, one a batch: they are heard after a pause.
                await asyncio.sleep(pause_s)
                await _wait(entry.invalidated, REFRESH_S)
                continue
            if self._connected.is_set():
                await asyncio.sleep(pause_s)
            else:
                await _wait(self._connected, pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _look_up(self, key: ModelKey) -> ModelOrError:
        try:
            return await self._backend.discover(key)
        except FramewireError as error:
            return error
        except Exception:
            log.exception("looking up model %s failed", key)
            return Internal(f"looking up model {key} failed")

    def _tell(self, key: ModelKey, entry: _Entry, found: ModelOrError) -> None:
        if _same(entry.found, found):
            return
        entry.found = found
        if isinstance(found, Model):
            log.info("model %s: version %d, %s", key, found.version, found.task)
        else:
            level = logging.DEBUG if entry.optional else logging.WARNING
            log.log(level, "model %s: %s", key, found)
        try:
            self._changed(key, found)
        except Exception:
            log.exception("telling of model %s failed", key)


def _same(before: ModelOrError | None, after: ModelOrError) -> bool:
    # Not by message, which may differ each time; nor by code, which is the same for errors
    # that a route treats differently.
    if isinstance(before, FramewireError):
        return type(before) is type(after)
    return before == after


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    # Not wait_for: before Python 3.12 it loses a cancellation that comes with the event.
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((waiter,), timeout=timeout_s)
    finally:
        waiter.cancel()
