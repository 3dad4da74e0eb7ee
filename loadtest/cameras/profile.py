"""What the cameras do: how many, how fast, and how well they behave. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """A load. Times are in seconds after its start.

    The cameras join one after the other within ``ramp_s``, and ``warm_up_s`` later the frames
    begin to count, for ``seconds``. ``rate`` is the frames per second of each camera. ``jitter``
    is how far a capture may deviate from its place, as a fraction of the interval; ``poisson``
    makes the intervals exponential instead. ``closed``: every camera captures a frame when it has
    the outcome of its last one, so the rate is ignored.

    ``obeys_window`` and ``obeys_pace``: whether a camera keeps to the gateway's window, and to
    the rate that it advises. ``uplink_mbit_s`` is the bandwidth of each. ``slow_readers`` and
    ``disconnecting`` are the fractions of cameras that keep pausing to read, and that keep
    disconnecting.
    """

    sessions: int
    rate: float
    seconds: float
    ramp_s: float = 1.0
    warm_up_s: float = 2.0
    jitter: float = 0.1
    poisson: bool = False
    closed: bool = False
    obeys_window: bool = True
    obeys_pace: bool = True
    uplink_mbit_s: float = math.inf
    slow_readers: float = 0.0
    disconnecting: float = 0.0
    seed: int = 1

    @property
    def since_s(self) -> float:
        """When frames begin to count."""
        return self.ramp_s + self.warm_up_s

    @property
    def until_s(self) -> float:
        """When the cameras stop."""
        return self.since_s + self.seconds

    def joins_at(self, number: int) -> float:
        """Return when camera ``number`` connects."""
        return self.ramp_s * number / self.sessions

    def reads_slowly(self, number: int) -> bool:
        """Return whether camera ``number`` keeps pausing to read: the first ones do."""
        return number < round(self.slow_readers * self.sessions)

    def disconnects(self, number: int) -> bool:
        """Return whether camera ``number`` keeps disconnecting: the last ones do."""
        return self.sessions - number <= round(self.disconnecting * self.sessions)

    def __str__(self) -> str:
        several = self.sessions > 1
        cameras = f"{self.sessions} camera{'s' if several else ''}"
        rate = f"at {self.rate:g} frames/s{' each' if several else ''}"
        pace = "in a closed loop" if self.closed else rate
        return f"{cameras} {pace}, for {self.seconds:g} s"
