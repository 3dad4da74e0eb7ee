"""One model that is watched: what lies under its base path, and which loads of it failed."""

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
    """The last load of a version that failed.

    Attributes:
        error: how it failed.
        loaded: what lay in the directory then.
        seen: what lay there at the last look.
        count: failures so far since the files last changed.
        retry_at: when to try again, in monotonic seconds.
    """

    error: ServingError
    loaded: Fingerprint
    seen: Fingerprint
    count: int
    retry_at: float


@dataclass
class WatchedModel:
    """A model of the configuration, as the manager's thread sees it.

    Attributes:
        settled: the base path has been looked at, and nothing is left to load.
        removed: no longer in the configuration; forgotten once its last version is unloaded.
    """

    name: str
    base_path: str = ""
    policy: Any = None
    on_disk: dict[int, str] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    settled: bool = False
    removed: bool = False

    def found(self, on_disk: dict[int, str]) -> None:
        """Note what lies under the base path. A failed version is due again, at once, when its
        files have changed since and then stood still from one look to the next."""
        self.on_disk = on_disk
        for number, attempt in self.attempts.items():
            if number not in on_disk:
                continue
            seen = completeness.fingerprint(on_disk[number])
            if seen == attempt.seen and seen != attempt.loaded:
                attempt.retry_at = 0.0
            attempt.seen = seen

    def begin(self, number: int) -> ServingError | None:
        """Note that a load begins; the error of the last one, if it failed."""
        last = self.attempts.get(number)
        if last is None:
            return None
        last.retry_at = NEVER  # until this one has failed as well
        return last.error

    def failed(
        self, number: int, error: ServingError, loaded: Fingerprint, retry_at: float
    ) -> bool:
        """Note a failed load; True if it is news."""
        last = self.attempts.get(number)
        count = last.count + 1 if last and last.loaded == loaded else 1
        self.attempts[number] = Attempt(error, loaded, loaded, count, retry_at)
        return last is None or last.error.message != error.message

    def plan(self, states: Mapping[int, State], now: float, max_retries: int) -> Plan:
        """What to load and unload now. Failures of versions that nobody wants are forgotten."""
        asked = [] if self.removed else self._asked()
        self.attempts = {n: attempt for n, attempt in self.attempts.items() if n in asked}
        due = {
            number
            for number in states
            if (attempt := self.attempts.get(number)) is None
            or (now >= attempt.retry_at and _may_retry(attempt, max_retries))
        }
        return versions.plan(states, asked, due)

    def next_retry(self, max_retries: int) -> float:
        """When the next failed load is to be tried again, in monotonic seconds."""
        retries = (a.retry_at for a in self.attempts.values() if _may_retry(a, max_retries))
        return min(retries, default=NEVER)

    def _asked(self) -> list[int]:
        unfinished = {n for n, a in self.attempts.items() if isinstance(a.error, Incomplete)}
        return versions.wanted(self.policy, self.on_disk, unfinished)


def _may_retry(attempt: Attempt, max_retries: int) -> bool:
    return attempt.count <= max_retries or attempt.seen != attempt.loaded
