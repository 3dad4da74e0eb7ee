"""One load on one server: the ages of its answers, and what its processes took meanwhile."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.field.tree import Tree
from loadtest.cameras import effort, fleet
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import RESULT, Recording
from loadtest.cameras.source import Picture
from loadtest.cameras.summary import Summary, summarize
from loadtest.cameras.target import Target
from loadtest.cameras.worker import Progress, Task

# A share of the 200 ms of the objective; the load generator has no cores of its own.
MAX_LAG_MS = 40.0


@dataclass(frozen=True)
class Loaded:
    """What became of the frames of a load.

    ``cpu_ms`` is the CPU time of all processes of the server per answered frame.
    ``bottleneck``: why the load generator itself was the limit, if it was.
    """

    recording: Recording
    profile: Profile
    summary: Summary
    cpu_ms: float
    bottleneck: str | None

    def window(self, since_s: float, seconds: float) -> Summary:
        """Return what became of the frames of a part of the load."""
        return summarize(self.recording, since_s, since_s + seconds)


def run(
    target: Target, trees: Sequence[Tree], pictures: Sequence[Picture], profile: Profile
) -> Loaded:
    """Put a load on a server. Raises ``WorkerDied``."""
    meter = _Meter(trees, profile)
    task = Task(profile, target, pictures, range(profile.sessions))
    finished = fleet.run(task, fleet.processes(profile), meter)
    recording = Recording()
    for share in finished.shares:
        recording.extend(share.recording)
    efforts = [share.effort for share in finished.shares]
    return Loaded(
        recording,
        profile,
        summarize(recording, profile.since_s, profile.until_s),
        meter.cpu_ms(recording),
        effort.bottleneck(efforts, MAX_LAG_MS),
    )


class _Meter:
    """Reads the CPU time of a server at the first and the last report of what counts."""

    def __init__(self, trees: Sequence[Tree], profile: Profile) -> None:
        self._trees = trees
        self._profile = profile
        self._readings: list[tuple[float, float]] = []

    def __call__(self, elapsed_s: float, progress: Progress) -> None:
        if self._profile.since_s <= elapsed_s <= self._profile.until_s:
            used_s = sum(tree.cpu_s() for tree in self._trees)
            self._readings = [*self._readings[:1], (elapsed_s, used_s)]

    def cpu_ms(self, recording: Recording) -> float:
        """Return the CPU time per frame that was answered between the two; NaN without any."""
        if len(self._readings) < 2:
            return float("nan")
        (since_s, before_s), (until_s, after_s) = self._readings
        answered = sorted(
            at for row, at in enumerate(recording.settled) if recording.name(row) == RESULT
        )
        frames = bisect.bisect(answered, until_s) - bisect.bisect(answered, since_s)
        return (after_s - before_s) * 1000 / frames if frames else float("nan")
