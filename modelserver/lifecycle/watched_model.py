"""The manager's view of one model: its versions on disk, and its failed loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelserver.execution import completeness
from modelserver.execution.completeness import Fingerprint, Incomplete
from modelserver.lifecycle import versions
from modelserver.lifecycle.versions import Plan, State
from modelserver.status import ServingError

NEVER = float("inf")


@dataclass
class Attempt:
    """The last failed load of a version.

    ``loaded`` is the directory's fingerprint at that load, ``seen`` at the last poll. ``count``
    counts failures since the files last changed. ``retry_at`` is in monotonic seconds.
    """

    error: ServingError
    loaded: Fingerprint
    seen: Fingerprint
    count: int
    retry_at: float


@dataclass
class WatchedModel:
    """A model of the config, as the manager's thread sees it.

    ``settled`` is set once the base path has been listed and nothing is left to load. ``removed``
    models are no longer in the config, and are forgotten once their last version is unloaded.
    """

    name: str
    base_path: str = ""
    policy: Any = None
    on_disk: dict[int, str] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    settled: bool = False
    removed: bool = False

    def update(self, on_disk: dict[int, str]) -> None:
        """Record the versions on disk. Retry a failed version at once if its files have changed
        since, and then stayed the same from one poll to the next.
        """
        self.on_disk = on_disk
        for number, attempt in self.attempts.items():
            if number not in on_disk:
                continue
            seen = completeness.fingerprint(on_disk[number])
            if seen == attempt.seen and seen != attempt.loaded:
                attempt.retry_at = 0.0
            attempt.seen = seen

    def begin(self, number: int) -> ServingError | None:
        """Record the start of a load; return the error of the last attempt, if it failed."""
        last = self.attempts.get(number)
        if last is None:
            return None
        last.retry_at = NEVER  # unless this load fails too
        return last.error

    def failed(
        self, number: int, error: ServingError, loaded: Fingerprint, retry_at: float
    ) -> bool:
        """Record a failed load; return whether the error is new."""
        last = self.attempts.get(number)
        count = last.count + 1 if last and last.loaded == loaded else 1
        self.attempts[number] = Attempt(error, loaded, loaded, count, retry_at)
        return last is None or last.error.message != error.message

    def plan(self, states: Mapping[int, State], now: float, max_retries: int) -> Plan:
        """Return what to load and unload now. Forget failures of versions that are not selected."""
        requested = [] if self.removed else self._requested()
        self.attempts = {n: attempt for n, attempt in self.attempts.items() if n in requested}
        due = {
            number
            for number in states
            if (attempt := self.attempts.get(number)) is None
            or (now >= attempt.retry_at and _may_retry(attempt, max_retries))
        }
        return versions.plan(states, requested, due)

    def next_retry(self, max_retries: int) -> float:
        """Return when the next failed load is due, in monotonic seconds."""
        retries = (a.retry_at for a in self.attempts.values() if _may_retry(a, max_retries))
        return min(retries, default=NEVER)

    def _requested(self) -> list[int]:
        unfinished = {n for n, a in self.attempts.items() if isinstance(a.error, Incomplete)}
        return versions.select(self.policy, self.on_disk, unfinished)


def _may_retry(attempt: Attempt, max_retries: int) -> bool:
    return attempt.count <= max_retries or attempt.seen != attempt.loaded
