"""The open sessions: one record for each, with what the gateway knows of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from server.core.activity import Activity
from server.core.admission import Admission
from server.core.errors import Internal
from server.core.limiters import Limiters
from server.core.messages import Outcome, ServerMessage, error_message
from server.core.quota import EVERYONE
from server.core.rollout import Route
from server.core.session import Session
from server.settings import Settings

log = logging.getLogger(__name__)

# A client says hello one round trip after its socket opens. One that has been silent for
# longer keeps its place only until another client needs it.
GREETING_S = 1.0


class Peer(Protocol):
    """The other end of a session, as a handler sees it. Both calls return at once."""

    @property
    def receiving_since(self) -> float | None:
        """When the message being handled began; None: its bytes came all at once."""

    @property
    def client_address(self) -> str:
        """Where the client is, for operators."""

    def send(self, message: ServerMessage) -> None:
        """Send a message, or do nothing if the other end is gone."""

    def close(self, code: int, reason: str) -> None:
        """End the connection."""


@dataclass(slots=True, eq=False)
class OpenSession:
    """One session, its peer, when it connected (monotonic seconds), and what it uses.

    ``address`` is what limits by address count it by; None: none apply. ``activity`` is None
    unless the gateway has an admin listener. ``route`` is None until hello, ``second`` that of
    its second model. ``expiry`` is the timer of its token.
    """

    session: Session
    peer: Peer
    connected: float
    address: str | None = None
    admission: Admission | None = None
    activity: Activity | None = None
    route: Route | None = None
    second: Route | None = None
    expiry: asyncio.TimerHandle | None = None

    def resolve(self, outcome: Outcome) -> Outcome:
        """Return a frame's outcome as it goes to the client.

        A defect on the way costs the frame its result, and is logged.
        """
        try:
            return self.session.resolve(outcome)
        except Exception:
            fields = {"frame": outcome.id, "session": self.session.id}
            log.exception("frame %(frame)d of session %(session)s has no result", fields)
            error = Internal("the gateway failed on this frame; see its log")
            return self.session.resolve(error_message(error, outcome.id))

    def send(self, message: ServerMessage, trace: Any = None) -> None:
        """Send a message. A peer that fails is logged, so that it costs no other session.

        ``trace`` is the :class:`~server.runtime.tracing.FrameTrace` of a frame whose outcome the
        message is, if something follows that frame.
        """
        if trace is not None:
            trace.resolved()
        try:
            self.peer.send(message)
        except Exception:
            log.exception("sending to session %(session)s failed", {"session": self.session.id})
        if trace is not None:
            trace.end(message)
        if self.activity is not None:
            self.activity.count(message, time.monotonic())

    def close(self, code: int, reason: str) -> None:
        """End the connection. A peer that fails is logged, as in :meth:`send`."""
        try:
            self.peer.close(code, reason)
        except Exception:
            log.exception("closing session %(session)s failed", {"session": self.session.id})

    def expire_in(self, seconds: float, expire: Callable[[Session], None]) -> None:
        """Call ``expire`` with the session in ``seconds``, instead of when it was due before."""
        self.cancel_expiry()
        loop = asyncio.get_running_loop()
        self.expiry = loop.call_later(max(0.0, seconds), expire, self.session)

    def cancel_expiry(self) -> None:
        """Forget that the session expires."""
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None


class Sessions:
    """All open sessions of this process, by id, by route, and those still silent.

    ``places``, ``addresses`` and ``subjects`` count those of the whole gateway: in all, by address
    and by their tokens' subject.
    """

    def __init__(self, settings: Settings, limiters: Limiters) -> None:
        per_address = settings.max_sessions_per_address or None
        per_subject = settings.max_sessions_per_subject or None
        self.max_sessions = settings.max_sessions
        self.places = limiters.quota("max_sessions", settings.max_sessions)
        self.addresses = limiters.quota("max_sessions_per_address", per_address)
        self.subjects = limiters.quota("max_sessions_per_subject", per_subject)
        self._by_id: dict[str, OpenSession] = {}
        self._by_route: dict[Route, dict[str, OpenSession]] = {}
        self._silent: dict[str, OpenSession] = {}  # without hello, the longest connected first
        self.get = self._by_id.get  # a frame's way: no call of its own

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[OpenSession]:
        """Iterate over the sessions of this moment; they may come and go meanwhile."""
        return iter(list(self._by_id.values()))

    @property
    def full(self) -> bool:
        """Whether there is no room for another one."""
        return not self.places.allows(EVERYONE)

    def send(self, session_id: str, message: ServerMessage) -> None:
        """Send a message to a session, unless it is gone."""
        entry = self._by_id.get(session_id)
        if entry is not None:
            entry.send(message)

    def add(self, entry: OpenSession) -> None:
        """Take in a session that has just connected."""
        self._by_id[entry.session.id] = self._silent[entry.session.id] = entry
        self.places.hold(EVERYONE)
        if entry.address is not None:
            self.addresses.hold(entry.address)

    def remove(self, session_id: str) -> OpenSession | None:
        """Take a session out, and stop its timer. Return None if it is not there."""
        entry = self._by_id.pop(session_id, None)
        if entry is not None:
            self._silent.pop(session_id, None)
            self._leave_route(entry)
            entry.cancel_expiry()
            self.places.release(EVERYONE)
            if entry.address is not None:
                self.addresses.release(entry.address)
        return entry

    def set_route(self, entry: OpenSession, route: Route) -> Route | None:
        """Put a session on ``route``, at its hello or later. Return its route before."""
        before = entry.route
        self._silent.pop(entry.session.id, None)
        self._leave_route(entry)
        entry.route = route
        self._by_route.setdefault(route, {})[entry.session.id] = entry
        return before

    def on_route(self, route: Route) -> list[OpenSession]:
        """Return the sessions on ``route``."""
        return list(self._by_route.get(route, {}).values())

    def routes(self) -> dict[Route, int]:
        """Return how many sessions are on each route."""
        return {route: len(entries) for route, entries in self._by_route.items()}

    def longest_silent(self, now: float) -> OpenSession | None:
        """Return the session that has owed its hello longest, if for over ``GREETING_S``."""
        entry = next(iter(self._silent.values()), None)
        return entry if entry is not None and now - entry.connected >= GREETING_S else None

    def _leave_route(self, entry: OpenSession) -> None:
        if entry.route is None:
            return
        entries = self._by_route[entry.route]
        del entries[entry.session.id]
        if not entries:
            del self._by_route[entry.route]
