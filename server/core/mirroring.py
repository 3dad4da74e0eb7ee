"""When frames are sent to a shadow.

* One call at a time is made for the shadow, with one frame, and only while no call of a user is
  under way.
* On average, its calls take ``BUSY`` of the time at most. So at most that share of the users'
  frames finds the model server at work for the shadow.
* A new candidate may use ``SAVED_S`` in advance, so that one that is wrong, slow or hangs is found
  out soon. Even then, its calls take ``MOST`` of the time at most.

Time is monotonic seconds.
"""

from __future__ import annotations

BUSY = 0.01
SAVED_S = 3.0
MOST = 0.1


class Mirroring:
    """The policy above. ``workers`` processes share the time at the model server."""

    def __init__(self, workers: int = 1) -> None:
        self._rate = BUSY / workers
        self._pause = workers / MOST - 1
        self._most_s = SAVED_S / workers
        self._saved_s = self._most_s
        self._began: float | None = None
        self._ended = 0.0
        self._ready_at = 0.0

    def renew(self) -> None:
        """Let a new candidate begin at once, with ``SAVED_S`` to spend."""
        self._saved_s = self._most_s
        self._ready_at = self._ended

    def ready_at(self, users_calls: int) -> float | None:
        """Return from when on a call may begin; None: not before one that is under way ends."""
        return self._ready_at if self._began is None and not users_calls else None

    def began(self, now: float) -> None:
        """Note that a call for the shadow begins."""
        self._began = now

    def ended(self, now: float) -> None:
        """Note that the call is over, and decide when the next one may begin."""
        assert self._began is not None
        took_s = now - self._began
        earned_s = (now - self._ended) * self._rate
        self._saved_s = min(self._most_s, self._saved_s + earned_s) - took_s
        wait_s = max(took_s * self._pause, -self._saved_s / self._rate)
        self._ready_at = now + wait_s
        self._began, self._ended = None, now
