"""Every frame of a run, from its capture to its outcome."""

from __future__ import annotations

import math
from array import array
from collections import Counter

RESULT = "result"
PENDING = "pending"
NOT_CONNECTED = "not_connected"
UNSENT = "unsent"
DISCONNECTED = "disconnected"
MISSING = "missing"

LOCAL = {
    NOT_CONNECTED: "captured while the camera had no session",
    UNSENT: "held back by the camera until a newer frame came, or the load ended",
    DISCONNECTED: "sent, but the connection was lost before the outcome",
    MISSING: "sent, but no outcome arrived",
}
"""Outcomes that the gateway knows nothing of, and what they mean."""

MOST_FRAMES_PER_CALL = 2**16 - 1
"""That a recording can note."""


class Recording:
    """Frames in columns: one row each, in the order of capture.

    Times are in seconds after the start, NaN for what did not happen. ``outcome`` counts in
    ``names``: ``result``, the reason of a drop, the code of an error, or one of ``LOCAL``.
    ``batch`` is 0 for frames without a result. A frame takes about 40 bytes. ``failures`` counts
    the sessions that could not be opened, or ended early, by the reason. ``messages`` has what the
    gateway said about the first frame of each outcome. ``boxes`` counts what the second model said
    about boxes: ``answered``, or why it said nothing.
    """

    def __init__(self) -> None:
        self.names = [PENDING]
        self.camera = array("I")
        self.captured = array("d")
        self.sent = array("d")
        self.settled = array("d")
        self.outcome = array("H")
        self.batch = array("H")
        self.queue_ms = array("f")
        self.inference_ms = array("f")
        self.totals: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.messages: dict[str, str] = {}
        self.boxes: Counter[str] = Counter()
        self.fresh_ms: list[float] = []

    def __len__(self) -> int:
        return len(self.captured)

    def capture(self, camera: int, at: float) -> int:
        """Add a frame. Returns its row."""
        self.camera.append(camera)
        self.captured.append(at)
        for column in (self.sent, self.settled, self.queue_ms, self.inference_ms):
            column.append(math.nan)
        self.outcome.append(0)
        self.batch.append(0)
        return len(self.captured) - 1

    def settle(self, row: int, outcome: str, at: float = math.nan) -> None:
        """Note the outcome of a frame, and when it arrived."""
        if outcome not in self.names:
            self.names.append(outcome)
        self.outcome[row] = self.names.index(outcome)
        self.settled[row] = at
        self.totals[outcome] += 1
        if outcome == RESULT:
            self.fresh_ms.append(self.age_ms(row))

    def answer(self, row: int, batch: int, queue_ms: float, inference_ms: float) -> None:
        """Note what a result says about its Predict call."""
        self.batch[row] = batch
        self.queue_ms[row] = queue_ms
        self.inference_ms[row] = inference_ms

    def name(self, row: int) -> str:
        """Return the name of a frame's outcome."""
        return self.names[self.outcome[row]]

    def age_ms(self, row: int) -> float:
        """Return the milliseconds from a frame's capture to its outcome."""
        return (self.settled[row] - self.captured[row]) * 1000

    def take_fresh_ms(self) -> list[float]:
        """Return the ages of the results since the last call."""
        fresh, self.fresh_ms = self.fresh_ms, []
        return fresh

    def extend(self, other: Recording) -> None:
        """Add the frames of another process."""
        numbers = {}
        for number, name in enumerate(other.names):
            if name not in self.names:
                self.names.append(name)
            numbers[number] = self.names.index(name)
        self.outcome.extend(numbers[number] for number in other.outcome)
        for column in ("camera", "captured", "sent", "settled", "batch", "queue_ms"):
            getattr(self, column).extend(getattr(other, column))
        self.inference_ms.extend(other.inference_ms)
        self.totals.update(other.totals)
        self.failures.update(other.failures)
        self.boxes.update(other.boxes)
        self.messages = {**other.messages, **self.messages}
