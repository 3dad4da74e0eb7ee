"""The frames of a session: one held back at most, and those without an outcome. Pure.

A newer frame replaces the one held. It leaves once there is room in the window and no pause is in
effect; then it is encoded, and only then it gets its id and travels. Every frame is settled once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from framewire.client.messages import Limits
from framewire.client.outcomes import Dropped, Outcome
from framewire.client.pacing import Pacing


@dataclass(slots=True, eq=False)
class Frame:
    """A picture that was offered, at ``offered_at`` in monotonic seconds.

    ``settle`` is called once, with the frame's outcome. ``is_wanted``: whether anybody still waits
    for that.
    """

    picture: Any
    offered_at: float
    settle: Callable[[Outcome], None]
    is_wanted: Callable[[], bool] = lambda: True


class Window:
    """Decides when a frame may be sent, and knows which frames still lack an outcome.

    ``settle`` is called for each frame that gets its outcome here.
    """

    def __init__(self, settle: Callable[[Frame, Outcome], None]) -> None:
        self.pacing = Pacing()
        self.sent = 0
        self._settle = settle
        self._limits: Limits | None = None  # None while no frame may be sent
        self._held: Frame | None = None
        self._encoding: Frame | None = None
        self._outstanding: dict[int, tuple[Frame, float]] = {}
        self._last_id = 0

    @property
    def outstanding(self) -> int:
        """The number of frames that were sent and have no outcome yet."""
        return len(self._outstanding)

    def limit(self) -> int:
        """Return how many frames may be outstanding now."""
        return self.pacing.limit(self._limits.window if self._limits else 1)

    def resume(self, limits: Limits) -> None:
        """Allow frames to be sent."""
        self._limits = limits

    def suspend(self, reason: str = "not_ready") -> None:
        """Send no more frames; outcomes still arrive. What has not left is dropped."""
        self._limits = None
        unsent = [self._held, self._encoding]
        self._held = self._encoding = None
        for frame in unsent:
            if frame is not None:
                self._settle(frame, Dropped(frame.picture, reason))

    def disconnect(self) -> None:
        """Drop every frame: the connection is gone, and with it all outcomes still due."""
        self.suspend("disconnected")
        lost = [frame for frame, _ in self._outstanding.values()]
        self._outstanding.clear()
        for frame in lost:
            self._settle(frame, Dropped(frame.picture, "disconnected"))

    def offer(self, frame: Frame) -> None:
        """Hold a frame until it may be sent. It replaces the one that is held."""
        replaced, self._held = self._held, frame
        if replaced is not None:
            self._settle(replaced, Dropped(replaced.picture, "superseded_locally"))

    def wait_s(self, now: float) -> float | None:
        """Return the seconds until a frame may be sent; None: only an event can make room."""
        waiting = len(self._outstanding) + (self._encoding is not None)
        if self._limits is None or waiting >= self.limit():
            return None
        return self.pacing.pause_s(now)

    def room_s(self, now: float) -> float | None:
        """Return the seconds until a frame offered would be sent; None: as for ``wait_s``."""
        return self.wait_s(now) if self._held is None else None

    def due_s(self, now: float) -> float | None:
        """Return the seconds until the frame held may be sent; None also if none is held."""
        return self.wait_s(now) if self._held is not None else None

    def take(self) -> Frame:
        """Return the frame held, to be encoded. Call this when ``due_s`` is 0."""
        frame, self._held = self._held, None
        assert frame is not None
        self._encoding = frame
        return frame

    def encoded(self, frame: Frame) -> bool:
        """Return whether a frame that was encoded is still to be sent."""
        current = self._encoding is frame
        if current:
            self._encoding = None
        return current

    def assign(self, now: float, frame: Frame) -> int:
        """Return the id under which a frame is sent now."""
        self._last_id += 1
        self._outstanding[self._last_id] = frame, now
        self.sent += 1
        self.pacing.sent(now)
        return self._last_id

    def sent_frame(self, frame_id: int) -> tuple[Frame, float] | None:
        """Return a frame without an outcome, and when it was sent; None if unknown."""
        return self._outstanding.get(frame_id)

    def pop(self, frame_id: int) -> Frame | None:
        """Return the frame whose outcome arrived, and forget it; None if unknown."""
        entry = self._outstanding.pop(frame_id, None)
        return entry[0] if entry else None
