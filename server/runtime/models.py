"""Which models the model server has, as far as the sessions ask for them.

One look-up runs for each model in use: at its first use, again when something hints
that the answer is out of date, and every ``REFRESH_S`` for sessions that send no
frames. While there is no answer it is repeated after a growing pause, or as soon as
a lost connection is back. What is known of a model stays in use if the model server
answers, but cannot say now what it has: its calls tell by themselves if they fail.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from server.backend.interface import Backend, Inference
from server.core.bucket import TokenBucket
from server.core.errors import (
    BackendUnavailable,
    FramewireError,
    Internal,
    ModelUnavailable,
    Overloaded,
)
from server.core.model import Model, ModelKey

log = logging.getLogger(__name__)

REFRESH_S = 5.0
# Between two look-ups of one model, however often it is invalidated.
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0
# Clients can ask for any number of models that are not there. All of these together are
# looked up this often at most, the first time and again, so that they take nothing from
# those that are there; each of them again and again after a longer pause.
LOOKUPS_PER_S, LOOKUPS_BURST = 50.0, 100
RETRIES_PER_S, RETRIES_BURST = 10.0, 10
LONGEST_MISSING_PAUSE_S = 30.0
# A client that would wait longer for its turn is told so at once.
LONGEST_TURN_S = 5.0
# Each session gets all labels whenever one is new. A model that invents ever more of them would
# send more labels than results.
MAX_LABELS_AT_ONCE = 1000

ModelOrError = Model | FramewireError


class Interest(enum.IntEnum):
    """Why a model is looked up: how much of it is news, and whether its look-ups may wait."""

    CLIENT = 0
    """A client asked for it by name, and learns from us whether it is there."""
    OFFERED = 1
    """The operator's files name it, so clients find it in the list."""
    LABEL = 2
    """A route passes it where it is there."""
    DEFAULT = 3
    """Frames of the default model need it."""


class ModelListener(Protocol):
    """What the models tell their owner."""

    def model_changed(self, key: ModelKey, result: ModelOrError) -> None:
        """React to another version or kind of error than before."""


@dataclass(slots=True)
class _Entry:
    interest: Interest
    users: int = 0
    result: ModelOrError | None = None
    invalidated: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Models:
    """Looks models up, and tells ``listener`` whenever an answer differs from the last."""

    def __init__(self, backend: Backend, listener: ModelListener) -> None:
        self._backend = backend
        self._listener = listener
        self._entries: dict[ModelKey, _Entry] = {}
        self._connected = asyncio.Event()
        self._lookups = TokenBucket(LOOKUPS_PER_S, LOOKUPS_BURST)
        self._retries = TokenBucket(RETRIES_PER_S, RETRIES_BURST)

    def acquire(self, key: ModelKey, interest: Interest) -> ModelOrError | None:
        """Follow ``key`` for one more user. None: it is being looked up."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(interest)
            entry.task = asyncio.ensure_future(self._follow(key, entry))
        entry.users += 1
        if interest > entry.interest:
            self._raise_interest(key, entry, interest)
        return entry.result

    def release(self, key: ModelKey) -> None:
        """Follow ``key`` for one user less; nothing is kept of models without users."""
        entry = self._entries.get(key)
        if entry is None:  # closed meanwhile
            return
        entry.users -= 1
        if not entry.users:
            del self._entries[key]
            if entry.task:
                entry.task.cancel()

    def current(self, key: ModelKey) -> ModelOrError | None:
        """Return what is known of ``key`` now."""
        entry = self._entries.get(key)
        return entry.result if entry else None

    def version_of(self, key: ModelKey) -> str:
        """Return the version that ``key`` leads to, or what it asks for if that is unknown."""
        known = self.current(key)
        version = known.version if isinstance(known, Model) else key.version or key.label
        return str(version or "newest")

    def offered(self) -> list[tuple[ModelKey, ModelOrError | None]]:
        """Return what is known of the models that sessions can ask for.

        Names that only clients have brought up, and labels, are left out unless they exist.
        """
        return [
            (key, entry.result)
            for key, entry in self._entries.items()
            if isinstance(entry.result, Model)
            or entry.interest in (Interest.OFFERED, Interest.DEFAULT)
        ]

    def invalidate(self, key: ModelKey, error: FramewireError | None = None) -> None:
        """Look ``key`` up again soon. With ``error`` it is known to fail until then."""
        entry = self._entries.get(key)
        if entry is None:
            return
        if error is not None:
            self._update(key, entry, error)
        entry.invalidated.set()

    def update(self, key: ModelKey, model: Model) -> None:
        """Take in a model that a call has learnt meanwhile."""
        entry = self._entries.get(key)
        if entry is not None:
            self._update(key, entry, model)

    def answered(self, key: ModelKey, inference: Inference) -> None:
        """Take in what an answer has added to what is known of its model."""
        model, labels = inference.model or self.current(key), inference.labels
        if not isinstance(model, Model):
            return
        if model.version == inference.model_version and _are_news(labels, model.labels):
            model = replace(model, labels=labels)
        self.update(key, model)

    def channel_changed(self, error: BackendUnavailable | None) -> None:
        """React to a connection to the model server that is there again (None), or lost."""
        if error is None:
            self._connected.set()
        else:
            self._connected.clear()
        for key in list(self._entries):
            self.invalidate(key, error)

    async def close(self) -> None:
        """Stop all look-ups."""
        tasks = [entry.task for entry in self._entries.values() if entry.task]
        self._entries.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _raise_interest(self, key: ModelKey, entry: _Entry, interest: Interest) -> None:
        before, entry.interest = entry.interest, interest
        if before is Interest.CLIENT and isinstance(entry.result, FramewireError):
            # The last look-up for clients alone may be half a minute old.
            entry.result = None
            assert entry.task is not None
            entry.task.cancel()
            entry.task = asyncio.ensure_future(self._follow(key, entry))

    async def _follow(self, key: ModelKey, entry: _Entry) -> None:
        pause_s = FIRST_PAUSE_S
        first = True
        while True:
            entry.invalidated.clear()
            result = await (self._first_look_up(key, entry) if first else self._look_up(key))
            first = False
            if isinstance(result, ModelUnavailable) and isinstance(entry.result, Model):
                _log_kept(key, result, again=pause_s > FIRST_PAUSE_S)
            else:
                self._update(key, entry, result)
            if isinstance(result, Model):
                pause_s = FIRST_PAUSE_S
                # A model is invalidated by each of its batches at once: one look-up for all.
                await asyncio.sleep(pause_s)
                await _wait(entry.invalidated, REFRESH_S)
                continue
            if self._connected.is_set():
                await asyncio.sleep(pause_s)
                await self._turn_again(entry)
            else:
                await _wait(self._connected, pause_s)
            longest_s = LONGEST_PAUSE_S
            if entry.interest is Interest.CLIENT:
                longest_s = max(longest_s, LONGEST_MISSING_PAUSE_S)
            pause_s = min(pause_s * 2, longest_s)

    async def _first_look_up(self, key: ModelKey, entry: _Entry) -> ModelOrError:
        turn_s = self._turn_s(entry, self._lookups)
        if turn_s is None:
            return Overloaded("too many models are being looked up; try again later")
        await asyncio.sleep(turn_s)
        return await self._look_up(key)

    async def _turn_again(self, entry: _Entry) -> None:
        """Wait until ``entry`` may be looked up again.

        A turn stays reserved if nobody waits for it any more, so none is far in the future.
        """
        turn_s = None
        while turn_s is None:
            turn_s = self._turn_s(entry, self._retries)
            await asyncio.sleep(LONGEST_TURN_S if turn_s is None else turn_s)

    def _turn_s(self, entry: _Entry, bucket: TokenBucket) -> float | None:
        """Return how soon ``entry`` may be looked up; None if not within ``LONGEST_TURN_S``."""
        if entry.interest is not Interest.CLIENT:
            return 0.0
        return bucket.reserve(time.monotonic(), LONGEST_TURN_S)

    async def _look_up(self, key: ModelKey) -> ModelOrError:
        try:
            return await self._backend.discover(key)
        except FramewireError as error:
            return error
        except Exception:
            log.exception("looking up model %s failed", key)
            return Internal(f"looking up model {key} failed")

    def _update(self, key: ModelKey, entry: _Entry, result: ModelOrError) -> None:
        if _same(entry.result, result):
            return
        entry.result = result
        _log(key, entry.interest, result)
        try:
            self._listener.model_changed(key, result)
        except Exception:
            log.exception("passing on a change of model %s failed", key)


def _log(key: ModelKey, interest: Interest, result: ModelOrError) -> None:
    """Log a change. What only clients ask for is for debugging: it could fill the log."""
    if isinstance(result, Model):
        level = logging.INFO if interest > Interest.CLIENT else logging.DEBUG
        fields = {"model": key, "version": result.version, "task": result.task}
        log.log(level, "model %(model)s: version %(version)d, %(task)s", fields)
    else:
        level = logging.WARNING if interest is Interest.DEFAULT else logging.DEBUG
        fields = {"model": key, "reason": result, "code": result.code}
        log.log(level, "model %(model)s: %(reason)s", fields)


def _log_kept(key: ModelKey, error: ModelUnavailable, again: bool) -> None:
    level = logging.DEBUG if again else logging.WARNING
    fields = {"model": key, "reason": error}
    log.log(level, "model %(model)s stays as it is known: %(reason)s", fields)


def _same(before: ModelOrError | None, after: ModelOrError) -> bool:
    # Errors are compared by type: their messages differ each time, and a route treats
    # errors of the same code differently.
    if isinstance(before, FramewireError):
        return type(before) is type(after)
    return before == after


def _are_news(labels: Sequence[str], known: Sequence[str]) -> bool:
    """Return whether sessions must learn ``labels`` now, and not only with the next look-up."""
    return len(known) < len(labels) <= MAX_LABELS_AT_ONCE


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    # Not wait_for: before Python 3.12 it loses a cancellation that comes with the event.
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((waiter,), timeout=timeout_s)
    finally:
        waiter.cancel()
