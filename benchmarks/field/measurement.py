"""One server, measured from its first answer to its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.field import load
from benchmarks.field.load import Loaded
from benchmarks.field.server import serving
from benchmarks.field.systems import System
from loadtest.cameras import objective, search
from loadtest.cameras.profile import Profile
from loadtest.cameras.source import Picture

RATE = 15.0
OBJECTIVE = objective.parse("p95_ms=200,answered=0.99")
WINDOWS = 3
SESSIONS = 64
OVERLOAD = 3
# The search begins at this part of the cameras that a closed loop is worth, and ends at that.
FIRST, LAST = 0.7, 1.3


@dataclass(frozen=True)
class Plan:
    """How long each step takes, in seconds, and how exact the number of cameras is."""

    warm_up_s: float
    direct_s: float
    lone_s: float
    peak_s: float
    window_s: float
    overload_s: float
    accuracy: float


FULL = Plan(4.0, 2.0, 8.0, 8.0, 4.0, 60.0, 0.05)
QUICK = Plan(2.0, 0.5, 3.0, 3.0, 1.0, 6.0, 0.2)


@dataclass(frozen=True)
class Level:
    """A number of cameras, and the figures of the objective in each window.

    ``bottleneck``: why the load generator was the limit, if it was; the level is missed then.
    """

    cameras: int
    p95_ms: Sequence[float]
    answered: Sequence[float]
    met: bool
    bottleneck: str | None

    def __str__(self) -> str:
        ages = ", ".join(f"{ms:.0f}" for ms in self.p95_ms)
        shares = ", ".join(f"{share:.1%}" for share in self.answered)
        late = f" ({self.bottleneck})" if self.bottleneck else ""
        verdict = "met" if self.met else "missed"
        return f"{self.cameras:4} cameras {verdict:6}  p95 {ages} ms; answered {shares}{late}"


@dataclass(frozen=True)
class Measured:
    """A server's figures.

    ``lone_p50_ms``: the age of a single camera's results. ``peak_per_s``: frames answered per
    second in a closed loop, and ``cpu_ms`` the CPU time of all the server's processes for each.
    ``cameras``: the most within the objective. ``overload_...``: answers per second at three times
    as many, and their ages. ``pss_mb``: the memory of all the server's processes after that.
    """

    lone_p50_ms: float
    peak_per_s: float
    cpu_ms: float
    cameras: int
    levels: Sequence[Level]
    overload_cameras: int
    overload_per_s: float
    overload_p50_ms: float
    overload_p99_ms: float
    pss_mb: float

    @property
    def overload_of_peak(self) -> float:
        """Answers at three times as many cameras, relative to the peak."""
        return self.overload_per_s / self.peak_per_s if self.peak_per_s else math.nan

    def __str__(self) -> str:
        return (
            f"{self.cameras} cameras; one alone {self.lone_p50_ms:.1f} ms; peak "
            f"{self.peak_per_s:.0f} frames/s, {self.cpu_ms:.2f} ms of CPU time per frame; "
            f"{self.overload_cameras} cameras {self.overload_per_s:.0f} frames/s, p99 "
            f"{self.overload_p99_ms:.0f} ms; {self.pss_mb:.0f} MB"
        )


def measure(
    system: System, model: Path, pictures: Sequence[Picture], plan: Plan, log: Path
) -> Measured:
    """Start a server and measure it. Raises ``NotServing`` and ``WorkerDied``."""
    with serving(system, model, pictures[0], log) as (target, trees):

        def run(sessions: int, seconds: float, closed: bool = False) -> Loaded:
            profile = Profile(sessions, RATE, seconds, closed=closed)
            return load.run(target, trees, pictures, profile)

        run(1, plan.warm_up_s, closed=True)
        lone = run(1, plan.lone_s)  # before a server can adapt to many
        run(SESSIONS, plan.warm_up_s, closed=True)
        peak = run(SESSIONS, plan.peak_s, closed=True)
        cameras, levels = _search(run, peak.summary.frames_per_s, plan)
        crowd = OVERLOAD * (cameras or max(1, round(peak.summary.frames_per_s / RATE)))
        overload = run(crowd, plan.overload_s)
        return Measured(
            lone.summary.age_ms(50),
            peak.summary.frames_per_s,
            peak.cpu_ms,
            cameras,
            levels,
            crowd,
            overload.summary.frames_per_s,
            overload.summary.age_ms(50),
            overload.summary.age_ms(99),
            sum(tree.pss_mb() for tree in trees),
        )


def _search(
    run: Callable[[int, float], Loaded], peak_per_s: float, plan: Plan
) -> tuple[int, list[Level]]:
    """Return the most cameras within the objective, and all the numbers tried."""
    levels: list[Level] = []

    def meets(cameras: int) -> bool:
        levels.append(_level(run(cameras, WINDOWS * plan.window_s), cameras, plan))
        print(f"  {levels[-1]}", flush=True)
        return levels[-1].met

    first, last = (max(1, round(share * peak_per_s / RATE)) for share in (FIRST, LAST))
    return search.most(meets, first, last, plan.accuracy), levels


def _level(loaded: Loaded, cameras: int, plan: Plan) -> Level:
    since_s = loaded.profile.since_s
    windows = [
        loaded.window(since_s + number * plan.window_s, plan.window_s) for number in range(WINDOWS)
    ]
    held = all(
        measure.held for window in windows for measure in objective.measures(OBJECTIVE, window)
    )
    return Level(
        cameras,
        [window.age_ms(95) for window in windows],
        [window.answered for window in windows],
        held and loaded.bottleneck is None,
        loaded.bottleneck,
    )
