"""When a frame was captured, on a clock that never stands still or runs backwards."""

from __future__ import annotations

# A gap on the client's clock that is longer has another reason: the clock was set.
MAX_GAP_MS = 10_000
MIN_GAP_S = 0.001


class Timeline:
    """Seconds between frames: by the client's clock, or if it cannot be right, by arrival.

    The client's clock is free of the network's jitter, but it may be missing, stand still,
    or be set while the session lasts.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._received: float | None = None
        self._captured: float | None = None

    def at(self, captured_ms: float | None, received: float) -> float:
        """Return a frame's time in seconds; ``received``: its arrival, in monotonic seconds."""
        before, self._captured = self._captured, captured_ms
        arrived, self._received = self._received, received
        gap_s = received - arrived if arrived is not None else 0.0
        if captured_ms is not None and before is not None:
            gap_ms = captured_ms - before
            if 0 < gap_ms <= MAX_GAP_MS:
                gap_s = gap_ms / 1000
        self._now += max(gap_s, MIN_GAP_S)
        return self._now
