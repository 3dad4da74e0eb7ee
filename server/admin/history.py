"""What a gateway did in each of the last fifteen minutes' seconds.

A sample is the difference between two snapshots of :class:`Statistics`, as JSON has it. At most
``SAMPLES`` are kept, in a ring; each takes a few kilobytes, and its size is bounded, because
outcomes, buckets, versions and model servers are.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from server.runtime.histogram import Distribution
from server.runtime.statistics import Statistics, VersionStatistics

SAMPLES = 15 * 60
MOST_AT_ONCE = 100
"""Samples in one answer, so that writing it keeps no frame waiting."""

K = TypeVar("K", bound=Hashable)
Sample = Mapping[str, Any]


class History:
    """The samples, numbered from 0. Pure: times are arguments.

    ``newest`` is the last snapshot; None: there is none now.
    """

    def __init__(self) -> None:
        self.newest: Statistics | None = None
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._next = 0
        self._last: tuple[Statistics, float] | None = None

    def add(self, now: Statistics | None, wall_s: float, monotonic_s: float) -> None:
        """Take in a snapshot: the first begins the history, each later one adds a sample.

        None: there is none now, and the next sample spans the time until there is one.
        ``wall_s``: seconds since 1970, for people; ``monotonic_s`` measures the time between.
        """
        self.newest = now
        if now is None:
            return
        before, self._last = self._last, (now, monotonic_s)
        if before is None:
            return
        sample = _difference(before[0], now)
        span_s = max(monotonic_s - before[1], 1e-3)
        self._samples.append({"n": self._next, "at": wall_s, "span_s": span_s, **sample})
        self._next += 1

    @property
    def next(self) -> int:
        """The number of the next sample."""
        return self._next

    def since(self, number: int) -> list[Sample]:
        """Return the samples from ``number`` on that are still kept, the oldest first.

        They are ``MOST_AT_ONCE`` at most.
        """
        first = max(0, number - self._next + len(self._samples))
        return list(itertools.islice(self._samples, first, first + MOST_AT_ONCE))


def _difference(before: Statistics, now: Statistics) -> dict[str, Any]:
    known = {_name(one): one for one in before.versions}
    backends = {one.address: one.frames for one in before.backends}
    frames = {one.address: one.frames for one in now.backends}
    return {
        "sessions": now.sessions,
        "waiting": now.waiting,
        "calls": now.calls,
        "max_calls": now.max_calls,
        "outcomes": _named(_grown(before.outcomes, now.outcomes)),
        "ages": _buckets(before.fine_age_s, now.fine_age_s),
        "batches": _buckets(before.batch_sizes, now.batch_sizes),
        "batched": max(0, round(now.batch_sizes.total - before.batch_sizes.total)),
        "versions": [
            one for one in (_version(known.get(_name(one)), one) for one in now.versions) if one
        ],
        "backends": _grown(backends, frames),
    }


def _version(before: VersionStatistics | None, now: VersionStatistics) -> dict[str, Any] | None:
    """Return what a version has done; None: nothing."""
    results = max(0, now.results - (before.results if before else 0))
    errors = _grown(before.errors if before else {}, now.errors)
    if not results and not errors:
        return None
    return {"model": now.model, "version": now.version, "results": results, "errors": errors}


def _name(version: VersionStatistics) -> tuple[str, str]:
    return version.model, version.version


def _named(outcomes: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {" ".join(filter(None, key)): count for key, count in outcomes.items()}


def _grown(before: Mapping[K, int], now: Mapping[K, int]) -> dict[K, int]:
    """Return by how much each count has grown, without those that have not.

    The counts of a worker that was killed can fall.
    """
    grown = {key: count - before.get(key, 0) for key, count in now.items()}
    return {key: count for key, count in grown.items() if count > 0}


def _buckets(before: Distribution, now: Distribution) -> list[tuple[int, int]]:
    """Return (number of the bucket, how many values more) for buckets with more values."""
    pairs = enumerate(zip(before.counts, now.counts, strict=True))
    return [(number, new - old) for number, (old, new) in pairs if new > old]
