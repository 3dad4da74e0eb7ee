"""When a stopping gateway closes each session.

Theory of operation. ``announce`` returns the sessions to send ``going_away`` to. Each one
then stays for ``CROSSING_S``, because frames that its client sent before it read the message
are still to be dropped by name. After that it is closed as soon as its accepted frames have
their outcomes: ``due`` returns those that have them already, and ``resolved`` says whether an
outcome was the last one that a session was waiting for. ``rest`` returns those that are left
when there is no more time.

Every method returns at most ``PER_TURN`` sessions, so that thousands of them do not keep the
caller from its other work, and each session is returned once for its closing. When clients
return is not decided here: they spread their reconnections themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeVar

from server.core.session import Session

T = TypeVar("T")

# Most clients are nearer than this round trip.
CROSSING_S = 0.1
PER_TURN = 50


class Departures:
    """The sessions of a gateway that is stopping. Times are in monotonic seconds."""

    def __init__(self, sessions: Iterable[Session]) -> None:
        self._unannounced = deque(sessions)
        self._crossing: deque[tuple[float, Session]] = deque()
        self._busy: dict[str, Session] = {}

    def announce(self, now: float) -> list[Session]:
        """Return the next sessions to send ``going_away`` to; none: all have been returned."""
        sessions = _next(self._unannounced)
        self._crossing.extend((now + CROSSING_S, session) for session in sessions)
        return sessions

    def due(self, now: float) -> list[Session]:
        """Return sessions to close now."""
        sessions: list[Session] = []
        while self._crossing and self._crossing[0][0] <= now and len(sessions) < PER_TURN:
            _, session = self._crossing.popleft()
            if session.pending:
                self._busy[session.id] = session
            else:
                sessions.append(session)
        return sessions

    def wait_s(self, now: float) -> float | None:
        """Return in how many seconds to call ``due``; None: never again."""
        return max(0.0, self._crossing[0][0] - now) if self._crossing else None

    def resolved(self, session: Session) -> bool:
        """Return whether to close a session that has just got an outcome."""
        if session.pending:
            return False
        return self._busy.pop(session.id, None) is not None

    def rest(self) -> list[Session]:
        """Return sessions to close although they might have stayed; none: there are no more."""
        self._crossing.extend((0.0, session) for session in self._busy.values())
        self._busy.clear()
        return [session for _, session in _next(self._crossing)]


def _next(waiting: deque[T]) -> list[T]:
    return [waiting.popleft() for _ in range(min(PER_TURN, len(waiting)))]
