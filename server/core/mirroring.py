"""When frames are sent to a shadow.

* One call at a time is made for the shadow, with one frame, and only while no call of a user is
  under way.
* After a call, none begins for so long that they take ``BUSY`` of the time at most. So at most
  that share of the users' frames finds the model server at work for the shadow.

Time is monotonic seconds.
"""

from __future__ import annotations

BUSY = 0.01


class Mirroring:
    """The policy above. ``workers`` processes share the time at the model server."""

    def __init__(self, workers: int = 1) -> None:
        self._pause = workers / BUSY - 1
        self._began: float | None = None
        self._ready_at = 0.0

    def ready_at(self, users_calls: int) -> float | None:
        """Return from when on a call may begin; None: not before one that is under way ends."""
        return self._ready_at if self._began is None and not users_calls else None

    def began(self, now: float) -> None:
        """A call for the shadow begins."""
        self._began = now

    def ended(self, now: float) -> None:
        """The call for the shadow is over."""
        assert self._began is not None
        self._ready_at = now + (now - self._began) * self._pause
        self._began = None
