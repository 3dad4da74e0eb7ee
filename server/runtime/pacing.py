"""The loop's side of the advice on frame rates: when to measure, and when to advise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from server.core.backlog import Backlog
from server.core.messages import Dropped, Error, Outcome, Pace, Result
from server.core.pace import EVERY_S, Advice, Pacer

_FOR_WANT_OF_CAPACITY = {"superseded", "expired", "overloaded"}


class Pacing:
    """Advises sessions through ``send`` while frames are dropped for want of capacity.

    ``backlog`` is the batcher's.

    It measures only while ``active``: from the first drop until none has occurred for
    ``EVERY_S`` and no advice is out. Before that a frame costs nothing here.
    """

    def __init__(self, send: Callable[[str, Pace], None], backlog: Backlog) -> None:
        self.active = False
        self._send = send
        self._backlog = backlog
        self._pacer = Pacer()
        self._dropped = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def sessions(self) -> int:
        """How many sessions are advised to send no more than a rate."""
        return self._pacer.advised

    def received(self, session: str) -> None:
        """Count an accepted frame. Call it only while ``active``."""
        self._pacer.received(session)

    def resolved(self, session: str, outcome: Outcome) -> None:
        """Count an outcome; a drop may begin the measurement."""
        if isinstance(outcome, Result) and not outcome.incomplete:
            if self.active:
                self._pacer.resolved(session, True)
        elif isinstance(outcome, Result) or _lacks_capacity(outcome):
            self._dropped = True
            if not self.active:
                self._begin()
            self._pacer.resolved(session, False)

    def forget(self, session: str) -> None:
        """Forget a session that is gone."""
        self._pacer.forget(session)

    def stop(self) -> None:
        """Advise no more: the gateway is stopping."""
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self) -> None:
        self.active = True
        self._pacer = Pacer()
        now = time.monotonic()
        self._pacer.advise(now)
        self._backlog.span(now)  # what was before does not count
        self._set_timer()

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._advise)

    def _advise(self) -> None:
        now = time.monotonic()
        self._spread(self._pacer.advise(now, self._backlog.span(now)))
        self.active = self._dropped or self._pacer.level is not None
        self._dropped = False
        if self.active:
            self._set_timer()

    def _spread(self, advices: Sequence[Advice]) -> None:
        """Send advice evenly over the time between two frames of a session.

        A session sends at once when it is first advised, and then in equal intervals. Sessions
        that all began at the same moment would keep sending together.
        """
        loop = asyncio.get_running_loop()
        for number, advice in enumerate(advices):
            interval_s = min(1 / advice.frames_per_s, EVERY_S) if advice.frames_per_s else 0.0
            pace = Pace(advice.frames_per_s)
            loop.call_later(interval_s * number / len(advices), self._send, advice.session, pace)


def _lacks_capacity(outcome: Dropped | Error) -> bool:
    return isinstance(outcome, Dropped) and outcome.reason in _FOR_WANT_OF_CAPACITY
