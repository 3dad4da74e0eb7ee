"""What the load costs the load generator itself, and whether that was too much."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.measure import percentile

INTERVAL_S = 0.01
MAX_CPU = 0.9
MAX_LAG_MS = 20.0


@dataclass(frozen=True)
class Effort:
    """One process while frames counted.

    ``cpu`` is the CPU time used per second. ``lag_ms`` and ``max_lag_ms`` are the p99 and the
    maximum of how late its event loop was: by as much, a frame may be sent too late, or its
    result be seen too late.
    """

    cpu: float
    lag_ms: float
    max_lag_ms: float


class Probe:
    """Measures the process, with a timer that is due every 10 ms, however late the last one was.

    So a loop that was blocked for a second counts as late for that second, and not once.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lags_ms = array("d")
        self._timer: asyncio.TimerHandle | None = None
        self._cpu_s, self._seconds = 0.0, math.inf
        self._over = False

    def start(self) -> None:
        """Begin to measure, unless it is over already."""
        if self._over:
            return
        self._cpu_s, self._started_at = time.process_time(), self._loop.time()
        self._expect(self._started_at + INTERVAL_S)

    def stop(self) -> None:
        """Measure no more. The first call counts."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._seconds = max(1e-9, self._loop.time() - self._started_at)
            self._cpu_s = time.process_time() - self._cpu_s

    def effort(self) -> Effort:
        """Return what was measured; zeros if nothing was."""
        lags_ms = self._lags_ms.tolist() or [0.0]
        return Effort(self._cpu_s / self._seconds, percentile(lags_ms, 0.99), max(lags_ms))

    def _expect(self, at: float) -> None:
        self._timer = self._loop.call_at(at, self._tick, at)

    def _tick(self, at: float) -> None:
        self._lags_ms.append((self._loop.time() - at) * 1000)
        self._expect(at + INTERVAL_S)


def bottleneck(efforts: Sequence[Effort], max_lag_ms: float = MAX_LAG_MS) -> str | None:
    """Return why the load generator itself limited what was measured; None if it did not."""
    cpu = max(effort.cpu for effort in efforts)
    lag_ms = max(effort.lag_ms for effort in efforts)
    if cpu > MAX_CPU:
        return f"one of its processes used {cpu:.0%} of a core; give it more with --processes"
    if lag_ms > max_lag_ms:
        return (
            f"its event loop was {lag_ms:.0f} ms late (p99), which is more than {max_lag_ms:g} ms; "
            "run it on another machine, or put less load on this one"
        )
    return None
