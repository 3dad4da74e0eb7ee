"""The statistics of several processes, added up to those of one gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from server.core.balancing import BackendStatus
from server.runtime.comparisons import MAX_COMPARISONS, Comparison
from server.runtime.histogram import Distribution
from server.runtime.latencies import MAX_SIGNATURES, Latency
from server.runtime.statistics import (
    MAX_VERSIONS,
    ModelSessions,
    Statistics,
    VersionStatistics,
)

K = TypeVar("K")
T = TypeVar("T")
Add = Callable[[T, T], T]


def total(running: Sequence[Statistics], ended: Statistics | None = None) -> Statistics:
    """Return the sum of at least one ``running`` process and of those that have ``ended``.

    It is ready if every running process is. A model server has the state that most of them see.
    """
    parts = [*running] if ended is None else [ended, *running]
    return Statistics(
        ready=all(part.ready for part in running),
        sessions=sum(part.sessions for part in parts),
        max_sessions=max(part.max_sessions for part in running),
        sessions_rejected=_sums(part.sessions_rejected for part in parts),
        requests_rejected=_sums(part.requests_rejected for part in parts),
        messages_rejected=_sums(part.messages_rejected for part in parts),
        accepted=sum(part.accepted for part in parts),
        outcomes=_sums(part.outcomes for part in parts),
        moved=sum(part.moved for part in parts),
        crops_cut=sum(part.crops_cut for part in parts),
        crops=_sums(part.crops for part in parts),
        second_s=_distribution([part.second_s for part in parts]),
        waiting=sum(part.waiting for part in parts),
        paced_sessions=sum(part.paced_sessions for part in parts),
        calls=sum(part.calls for part in parts),
        max_calls=sum(part.max_calls for part in parts),
        batch_sizes=_distribution([part.batch_sizes for part in parts]),
        inference_s=_distribution([part.inference_s for part in parts]),
        queue_s=_distribution([part.queue_s for part in parts]),
        total_s=_distribution([part.total_s for part in parts]),
        fine_age_s=_distribution([part.fine_age_s for part in parts]),
        versions=_merged(
            (version for part in parts for version in part.versions),
            lambda version: (version.model, version.version),
            _version,
            MAX_VERSIONS,
        ),
        latencies=_merged(
            (latency for part in parts for latency in part.latencies),
            lambda latency: latency.key,
            _latency,
            MAX_SIGNATURES,
        ),
        comparisons=_merged(
            (pair for part in parts for pair in part.comparisons),
            lambda pair: pair.key,
            _comparison,
            MAX_COMPARISONS,
        ),
        canary_shares=running[0].canary_shares,
        shadow_shares=running[0].shadow_shares,
        model_sessions=_model_sessions(group for part in parts for group in part.model_sessions),
        backends=_backends(running, ended),
    )


def after_end(last: Statistics) -> Statistics:
    """Return what counts of a process that has ended with the statistics ``last``.

    Its sessions are gone, so the frames and crops that had no outcome are ``disconnected``.
    """
    lost = last.accepted - sum(last.outcomes.values())
    lost_crops = last.crops_cut - sum(last.crops.values())
    return replace(
        last,
        sessions=0,
        outcomes=_sums([last.outcomes, {("dropped", "disconnected"): lost}]),
        crops=_sums([last.crops, {"disconnected": lost_crops}]),
        waiting=0,
        paced_sessions=0,
        calls=0,
        max_calls=0,
        model_sessions=(),
        backends=[replace(backend, calls=0, max_calls=0) for backend in last.backends],
    )


def _sums(parts: Iterable[Mapping[K, int]]) -> dict[K, int]:
    sums: dict[K, int] = {}
    for part in parts:
        for key, count in part.items():
            sums[key] = sums.get(key, 0) + count
    return sums


def _distribution(parts: Sequence[Distribution]) -> Distribution:
    counts = tuple(map(sum, zip(*(part.counts for part in parts), strict=True)))
    return Distribution(parts[0].bounds, counts, sum(part.total for part in parts))


def _merged(parts: Iterable[T], key: Callable[[T], Hashable], add: Add[T], most: int) -> list[T]:
    """Add up the parts with the same key; of too many, those listed first are left out."""
    sums: dict[Hashable, T] = {}
    for part in parts:
        before = sums.pop(key(part), None)
        sums[key(part)] = part if before is None else add(before, part)
    return list(sums.values())[-most:]


def _version(one: VersionStatistics, other: VersionStatistics) -> VersionStatistics:
    return replace(
        one,
        results=one.results + other.results,
        errors=_sums([one.errors, other.errors]),
        inference_s=_distribution([one.inference_s, other.inference_s]),
    )


def _latency(one: Latency, other: Latency) -> Latency:
    return Latency(
        one.key,
        _distributions(one.age_s, other.age_s),
        _distributions(one.stages_s, other.stages_s),
        _distribution([one.transport_s, other.transport_s]),
    )


def _comparison(one: Comparison, other: Comparison) -> Comparison:
    return Comparison(
        one.key,
        _sums([one.frames, other.frames]),
        _sums([one.objects, other.objects]),
        _distribution([one.share, other.share]),
        _distribution([one.iou, other.iou]),
        _distributions(one.shift, other.shift),
        _distributions(one.call_s, other.call_s),
    )


def _distributions(
    ours: Mapping[str, Distribution], theirs: Mapping[str, Distribution]
) -> dict[str, Distribution]:
    return {name: _distribution([ours[name], theirs[name]]) for name in ours}


def _model_sessions(groups: Iterable[ModelSessions]) -> list[ModelSessions]:
    counts: Counter[tuple[str, int, str | None]] = Counter()
    for group in groups:
        counts[group.model, group.version, group.label] += group.sessions
    return [ModelSessions(*group, sessions) for group, sessions in counts.items()]


def _backends(running: Sequence[Statistics], ended: Statistics | None) -> list[BackendStatus]:
    """Add up the model servers that running processes have, by address."""
    seen: dict[str, list[BackendStatus]] = {}
    for status in (status for part in running for status in part.backends):
        seen.setdefault(status.address, []).append(status)
    before = {} if ended is None else {status.address: status for status in ended.backends}
    return [_backend([*statuses], before.get(address)) for address, statuses in seen.items()]


def _backend(statuses: Sequence[BackendStatus], ended: BackendStatus | None) -> BackendStatus:
    [(state, _)] = Counter(status.state for status in statuses).most_common(1)
    typical = next(status for status in statuses if status.state == state)
    return replace(
        typical,
        calls=sum(status.calls for status in statuses),
        max_calls=sum(status.max_calls for status in statuses),
        frames=sum(status.frames for status in statuses) + (ended.frames if ended else 0),
    )
