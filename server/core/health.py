"""How each of several backends is doing, compared with the others.

===============  ===============================================================  ==========
state            when                                                             calls
===============  ===============================================================  ==========
``connecting``   no connection has been made or refused yet                       none
``unreachable``  there is no connection                                           none
``set_aside``    connected, but not checked yet, failing, slow or not serving     none
``trial``        a check has passed; no call has been answered since              one
``ready``        its last calls were answered                                     its slots
===============  ===============================================================  ==========

The policy:

* A backend is judged by others, not by a constant: only while another one serves (``trial``
  or ``ready``) is it set aside.
* It is *slow* if the median of its last calls, each relative to what such a call takes on average,
  is more than ``SLOWER`` times that of the others. ``MEASURED`` calls decide, up to twice as many.
* It has *stalled* if a call takes longer than :meth:`Fleet.patience_s` allows, it has answered
  nothing for that long, and another backend has meanwhile answered a call that started later.
* It is *failing* after ``FAILURES`` failed calls in a row, or one on trial, if another backend has
  answered a call that started no earlier than the first of these; or after one call that found
  the backend unavailable.
* What is set aside is checked again after a pause, which doubles from ``FIRST_PAUSE_S`` to
  ``LONGEST_PAUSE_S`` until the backend has been ready for ``CALM_S``. A new connection is checked
  at once.

Worst case: a backend that stops answering is set aside within twice its patience if another one
answers a call in that time, and otherwise as soon as one does.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Hashable
from typing import Literal

from server.core.baseline import Baseline
from server.core.lru import LRU

State = Literal["connecting", "unreachable", "set_aside", "trial", "ready"]

SLOWER = 4.0
MEASURED = 8
RECENT_S = 5.0
"""How long a measured slowness counts."""
LEAST_LATENCY_S = 1e-4
LEAST_PATIENCE_S = 0.1
"""What a call may take because a machine is busy with something else."""
FAILURES = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 4.0
CALM_S = 5.0
MAX_KINDS = 256
BEING_CHECKED = "it is being checked"
"""Why a backend gets no calls right after it was connected."""


class Health:
    """One backend. :class:`Fleet` decides; time is monotonic seconds."""

    def __init__(self) -> None:
        self.state: State = "connecting"
        self.seen = False  # whether there ever was a connection
        self.reason = ""
        self.retry_at = float("-inf")
        self.answered_since = float("-inf")  # the latest start of a call that was answered
        self.answered_at = float("-inf")  # the time of its last answer
        self.failing_since = float("-inf")  # the start of the first failure in a row
        self.failures = 0
        self._ratios: deque[float] = deque(maxlen=2 * MEASURED)
        self.slowness = 1.0  # how long its last calls took, relative to the average
        self._measured_at = float("-inf")
        self._ready_since = float("inf")
        self._pause_s = FIRST_PAUSE_S

    @property
    def serves(self) -> bool:
        """Whether it gets calls."""
        return self.state in ("trial", "ready")

    def measured(self, now: float) -> bool:
        """Return whether enough calls have been measured of late to compare it."""
        return len(self._ratios) >= MEASURED and now - self._measured_at < RECENT_S

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self.state not in ("connecting", "unreachable")

    def connect(self, now: float) -> None:
        """Note a new connection, which has to be checked."""
        self.state, self.reason, self.retry_at = "set_aside", BEING_CHECKED, now
        self.seen = True

    def disconnect(self, reason: str) -> None:
        """Note that there is no connection."""
        self.state, self.reason = "unreachable", reason

    def admit(self) -> None:
        """Note a check that has passed."""
        if self.state == "set_aside":
            self.state, self.reason = "trial", ""
            self.failures = 0

    def set_aside(self, reason: str, now: float) -> None:
        """Make no calls for a pause, longer than the one before unless all was calm."""
        if now - self._ready_since >= CALM_S:
            self._pause_s = FIRST_PAUSE_S
        self.state, self.reason = "set_aside", reason
        self.retry_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._ready_since = float("inf")

    def answered(self, started: float, now: float) -> None:
        """Note an answer."""
        self.failures = 0
        self.answered_since = max(self.answered_since, started)
        self.answered_at = now
        if self.state == "trial":
            self.state, self._ready_since = "ready", now

    def measure(self, ratio: float, now: float) -> None:
        """Note how long an answer took, relative to the average."""
        if self.state == "trial" or now - self._measured_at >= RECENT_S:
            self._ratios.clear()
        self._ratios.append(ratio)
        self.slowness = statistics.median(self._ratios)
        self._measured_at = now


class Fleet:
    """The backends, compared with one another by the policy above. Pure."""

    def __init__(self) -> None:
        self._all: list[Health] = []
        self._baselines: LRU[Hashable, Baseline] = LRU(MAX_KINDS, Baseline)

    def join(self) -> Health:
        """Return the health of a new backend."""
        self._all.append(health := Health())
        return health

    def leave(self, health: Health) -> None:
        """Compare with a backend no longer."""
        self._all.remove(health)

    def patience_s(self, kind: Hashable, frames: int, now: float) -> float:
        """Return how long a call may take before it counts as stalled if others are answered."""
        baseline = self._baselines.get(kind)
        expected_s = baseline.at_least(frames) if baseline else 0.0
        usual = [health.slowness for health in self._all if health.measured(now)]
        pace = statistics.median(usual) if usual else 1.0
        return max(LEAST_PATIENCE_S, SLOWER * pace * expected_s)

    def answered(
        self, health: Health, kind: Hashable, frames: int, started: float, now: float
    ) -> None:
        """Learn from a call that was answered. Calls of one ``kind`` cost alike, by the frame."""
        health.measure(self._ratio(kind, frames, now - started), now)
        health.answered(started, now)
        others = [other for other in self._others(health) if other.measured(now)]
        if others and health.measured(now):
            usual = statistics.median(other.slowness for other in others)
            times = health.slowness / usual
            if times > SLOWER:
                self.set_aside(health, f"its calls take {times:.0f} times as long", now)

    def failed(self, health: Health, started: float, now: float) -> None:
        """Learn from a call that failed for a reason that may be the backend's own."""
        if not health.failures:
            health.failing_since = started
        health.failures += 1
        enough = health.failures >= FAILURES or health.state == "trial"
        if enough and self._answer_meanwhile(health, health.failing_since):
            self.set_aside(health, "its calls fail", now)

    def stalled(self, health: Health, started: float, patience_s: float, now: float) -> bool:
        """Return whether a call that lasts too long says that its backend has stalled."""
        silent_since = max(started, health.answered_at)
        silent = now - silent_since >= patience_s and self._answer_meanwhile(health, silent_since)
        return silent and self.set_aside(health, "it does not answer", now)

    def set_aside(self, health: Health, reason: str, now: float) -> bool:
        """Set a backend aside if another one serves. Return whether that is so."""
        if health.serves and any(other.serves for other in self._others(health)):
            health.set_aside(reason, now)
            return True
        return False

    def _others(self, health: Health) -> list[Health]:
        return [other for other in self._all if other is not health]

    def _answer_meanwhile(self, health: Health, since: float) -> bool:
        """Return whether another backend has answered a call that started no earlier."""
        return any(other.answered_since >= since for other in self._others(health))

    def _ratio(self, kind: Hashable, frames: int, latency_s: float) -> float:
        """Return ``latency_s`` relative to the average, which it joins."""
        baseline = self._baselines.of(kind)
        expected_s = baseline.at_least(frames)
        latency_s = max(latency_s, LEAST_LATENCY_S)
        baseline.add(frames, latency_s)
        return latency_s / expected_s if expected_s else 1.0
