"""Draining: announces the stop to all sessions, answers accepted frames, and closes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from server.core.departures import Departures
from server.core.session import Session
from server.runtime.dispatcher import Dispatcher
from server.runtime.sessions import OpenSession, Sessions

log = logging.getLogger(__name__)

GOING_AWAY = 1001
SHUTTING_DOWN = "the server is shutting down"


class Drain:
    """Closes all sessions, each when :class:`Departures` says so.

    ``announce`` sends a session its ``going_away``.
    """

    def __init__(self, sessions: Sessions, announce: Callable[[Session], None]) -> None:
        self._sessions = sessions
        self._announce = announce
        self._departures = Departures(entry.session for entry in sessions)

    async def finish(
        self, dispatcher: Dispatcher, timeout_s: float, at_once: asyncio.Event
    ) -> None:
        """Close all sessions, and return. Frames are waited for until ``timeout_s`` or ``at_once``.

        Those without an outcome are dropped then.
        """
        began = time.monotonic()
        await self._announce_all()
        await _first(self._depart(dispatcher), at_once.wait(), timeout_s)
        unanswered = await dispatcher.stop()
        if unanswered:
            fields = {"frames": unanswered, "waited_s": time.monotonic() - began}
            log.warning("frames without an answer after %(waited_s).1f s: %(frames)d", fields)
        await self._close_rest()

    def resolved(self, entry: OpenSession) -> None:
        """Close a session that was waiting for this outcome, its last one."""
        if self._departures.resolved(entry.session):
            entry.close(GOING_AWAY, SHUTTING_DOWN)

    async def _announce_all(self) -> None:
        while sessions := self._departures.announce(time.monotonic()):
            for session in sessions:
                self._announce(session)
            await asyncio.sleep(0)

    async def _depart(self, dispatcher: Dispatcher) -> None:
        """Close the sessions that are due, and wait until no frame is under way."""
        while (wait_s := self._departures.wait_s(time.monotonic())) is not None:
            await asyncio.sleep(wait_s)
            self._close(self._departures.due(time.monotonic()))
        await dispatcher.idle()

    async def _close_rest(self) -> None:
        while sessions := self._departures.rest():
            self._close(sessions)
            await asyncio.sleep(0)

    def _close(self, sessions: list[Session]) -> None:
        for session in sessions:
            entry = self._sessions.get(session.id)
            if entry is not None:
                entry.close(GOING_AWAY, SHUTTING_DOWN)


async def _first(
    done: Coroutine[Any, Any, None], at_once: Coroutine[Any, Any, Any], timeout_s: float
) -> None:
    """Wait for whichever ends first, and cancel the other."""
    ends = [asyncio.ensure_future(done), asyncio.ensure_future(at_once)]
    try:
        await asyncio.wait(ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
