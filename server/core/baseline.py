"""How long a call takes that waits for no other: latency = fixed + share x frames.

A large batch is then never mistaken for a queue.
"""

from __future__ import annotations


class Baseline:
    """The latency of an uncrowded call by its number of frames: a line through the last calls.

    Least squares with weights that fade from call to call. The slope is bounded: a
    larger batch is neither faster nor dearer by the frame.
    """

    FADE = 1 - 1 / 32
    # With this weight an outlier counts as no more than twice what was expected.
    SETTLED = 8.0
    # Of all calls before, next to one each for those that follow.
    DISTRUSTED = 0.25
    # Nothing is foretold for batches of more than this times the largest one seen.
    REACH = 1.5

    def __init__(self) -> None:
        self._weight = 0.0
        self._largest = 0
        self._frames = self._latency = 0.0  # means
        self._variance = self._covariance = 0.0

    @property
    def known(self) -> bool:
        """Whether any call was measured."""
        return self._largest > 0

    def add(self, frames: int, latency: float) -> None:
        """Learn from an uncrowded call."""
        if self._weight > self.SETTLED:
            latency = min(latency, 2 * (self.expected(frames) or latency))
        self._weight = self._weight * self.FADE + 1
        self._largest = max(self._largest, frames)
        gain = 1 / self._weight
        x, y = frames - self._frames, latency - self._latency
        self._frames += gain * x
        self._latency += gain * y
        self._variance = (1 - gain) * (self._variance + gain * x * x)
        self._covariance = (1 - gain) * (self._covariance + gain * x * y)

    def expected(self, frames: int) -> float | None:
        """Return the seconds of an uncrowded call of ``frames``; None: none like it was seen."""
        if frames > self.REACH * self._largest:
            return None
        slope = self._covariance / self._variance if self._variance > 0.01 else 0.0
        slope = min(max(slope, 0.0), self._latency / self._frames)
        return self._latency + slope * (frames - self._frames)

    def at_least(self, frames: int) -> float:
        """Return the seconds that a call of ``frames`` takes at least; 0 while nothing is known."""
        return self.expected(min(frames, self._largest)) or 0.0 if self.known else 0.0

    def distrust(self) -> None:
        """Let the next calls outweigh all that came before."""
        self._weight = min(self._weight, self.DISTRUSTED)
