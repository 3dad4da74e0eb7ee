"""The limit on calls under way, against the best fixed number on simulated model servers."""

from __future__ import annotations

from typing import Any

import pytest

from server.core.baseline import Baseline
from server.core.concurrency import (
    IDLE_S,
    MIN_ROUND,
    ConcurrencyLimit,
)
from tests.server.core.simulation import (
    Camera,
    FixedLimit,
    Server,
    SharedServer,
    World,
    cameras,
)

# Frames come from warm-up on: what counts is the limit that a server leads to.
WARM_S, END_S = 4.0, 8.0

DEMO: dict[str, Any] = {}
TEN_TIMES_SLOWER: dict[str, Any] = {"fixed_s": 0.04, "frame_s": 0.022}
FAR_100_MS: dict[str, Any] = {"delay_s": 0.1, "jitter_s": 0.01}
FAR_400_MS: dict[str, Any] = {"delay_s": 0.4, "jitter_s": 0.01}


def run(server: Server, fleet: list[Camera], until: float = END_S, seed: int = 1) -> World:
    return World(server, ConcurrencyLimit(), fleet, seed=seed).run(until + 0.6)


def best_fixed(
    kind: type[Server], values: dict[str, Any], fleet: tuple[int, float], limits: tuple[int, ...]
) -> int:
    """The most frames that any of these numbers of calls answers in the same span."""
    worlds = [
        World(kind(**values), FixedLimit(limit), cameras(*fleet)).run(END_S + 0.6)
        for limit in limits
    ]
    return max(world.answered(WARM_S, END_S) for world in worlds)


@pytest.mark.parametrize("kind", [Server, SharedServer])
@pytest.mark.parametrize(
    ("values", "fleet", "limits"),
    [
        # Of 1, 2, 3, 4, 8, 16, 32 and 64 calls, these were the best.
        (DEMO, (20, 15.0), (3,)),
        (DEMO, (38, 15.0), (2, 3)),
        (DEMO, (64, 30.0), (2, 3)),
        (TEN_TIMES_SLOWER, (10, 5.0), (2, 3)),
        (FAR_100_MS, (30, 10.0), (32,)),
        (FAR_100_MS, (64, 30.0), (8, 16)),
    ],
)
def test_within_5_percent_of_the_best_fixed_number(
    kind: type[Server],
    values: dict[str, Any],
    fleet: tuple[int, float],
    limits: tuple[int, ...],
) -> None:
    world = run(kind(**values), cameras(*fleet))
    best = best_fixed(kind, values, fleet, limits)
    assert world.answered(WARM_S, END_S) >= 0.95 * best


@pytest.mark.parametrize("kind", [Server, SharedServer])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowd_that_waits_for_its_answers_gets_full_batches(
    kind: type[Server], seed: int
) -> None:
    """64 cameras in a closed loop: more calls than three would only make batches smaller."""
    fleet = cameras(64, 30.0, closed=True)
    adaptive = World(kind(), ConcurrencyLimit(), fleet, seed=seed).run(8)
    fixed = World(kind(), FixedLimit(3), cameras(64, 30.0, closed=True)).run(8)
    assert adaptive.answered(1, 7) >= 0.95 * fixed.answered(1, 7)
    assert adaptive.mean_batch > 0.9 * fixed.mean_batch


@pytest.mark.parametrize("kind", [Server, SharedServer])
@pytest.mark.parametrize("slower", [(0.0, 1.0, 3.0), (0.0, 2.0, 2.0)])
def test_a_slow_start_is_forgotten(kind: type[Server], slower: tuple[float, float, float]) -> None:
    """Calls that are faster than expected are no sign of room for more of them."""
    adaptive = World(kind(slower=slower), ConcurrencyLimit(), cameras(64, 30.0, closed=True))
    fixed = World(kind(slower=slower), FixedLimit(3), cameras(64, 30.0, closed=True))
    assert adaptive.run(10).answered(6, 9) >= 0.95 * fixed.run(10).answered(6, 9)
    assert max(limit for at, limit in adaptive.limits if at > 6) <= 4


def test_a_server_ten_times_slower_at_threefold_overload() -> None:
    """A full batch takes 390 of a frame's 500 ms: with one call too many nearly all expire."""
    fleet = cameras(64, 3.0)
    adaptive = World(Server(**TEN_TIMES_SLOWER), ConcurrencyLimit(), fleet).run(45)
    fixed = {}
    for limit in (1, 2, 3):
        world = World(Server(**TEN_TIMES_SLOWER), FixedLimit(limit), cameras(64, 3.0)).run(45)
        fixed[limit] = world.answered(15, 44)
    assert fixed[3] < 0.3 * fixed[2]
    assert adaptive.answered(15, 44) >= 0.7 * max(fixed.values())


@pytest.mark.parametrize("kind", [Server, SharedServer])
@pytest.mark.parametrize(
    ("values", "fleet", "warm_s"),
    [(FAR_100_MS, (30, 10.0), 4.0), (FAR_400_MS, (60, 5.0), 8.0), (FAR_400_MS, (20, 5.0), 2.0)],
)
def test_frames_for_a_distant_server_are_answered(
    kind: type[Server], values: dict[str, Any], fleet: tuple[int, float], warm_s: float
) -> None:
    world = run(kind(**values), cameras(*fleet), warm_s + 6)
    assert world.share(warm_s, warm_s + 6) >= 0.95


def test_three_calls_are_not_enough_for_a_distant_server() -> None:
    """What the controller is there for: the same cameras with a constant number of calls."""
    world = World(Server(**FAR_400_MS), FixedLimit(3), cameras(60, 5.0)).run(8)
    assert world.share(4, 7) < 0.5


@pytest.mark.parametrize("kind", [Server, SharedServer])
def test_calls_do_not_pile_up_at_a_busy_server(kind: type[Server]) -> None:
    """What is not under way can still be replaced: the answers are as young as with three calls."""
    world = run(kind(), cameras(64, 30.0))
    fixed = World(kind(), FixedLimit(3), cameras(64, 30.0)).run(END_S + 0.6)
    assert max(limit for at, limit in world.limits if at > WARM_S) <= 6
    assert world.age_s(0.99, WARM_S) <= 1.5 * fixed.age_s(0.99, WARM_S)


@pytest.mark.parametrize("values", [DEMO, TEN_TIMES_SLOWER, FAR_100_MS, FAR_400_MS])
def test_a_camera_alone_never_waits_for_a_slot(values: dict[str, Any]) -> None:
    """Its frames are as old as with no limit at all, to the last digit."""
    fps = min(25.0, 2 / (Server(**values).delay_s + 0.062))
    limited = World(Server(**values), ConcurrencyLimit(), cameras(1, fps)).run(20)
    unlimited = World(Server(**values), FixedLimit(1000), cameras(1, fps)).run(20)
    assert limited.log == unlimited.log
    assert limited.share(0, 19) == 1


@pytest.mark.parametrize(("values", "worst"), [(DEMO, 0.99), (FAR_100_MS, 0.92)])
def test_load_that_comes_and_goes(values: dict[str, Any], worst: float) -> None:
    fleet = [*cameras(1, 7.0), *cameras(63, 7.0, prefix="crowd", start=3, end=9)]
    world = run(SharedServer(**values), fleet, 14)
    assert world.share(3, 5) >= worst
    assert world.share(5, 9) >= 0.99
    assert world.share(9.5, 14) == 1


@pytest.mark.parametrize("values", [DEMO, FAR_100_MS])
def test_a_server_that_pauses(values: dict[str, Any]) -> None:
    """Two seconds in which nothing is answered; two seconds later all is as before."""
    world = run(Server(**values, pauses=[(5, 7)]), cameras(30, 7.0), 14)
    assert world.answered(5.2, 6.5) < 30
    assert world.share(7.5, 9) >= 0.9
    assert world.share(9, 14) >= 0.99
    assert world.age_s(0.99, 9, 14) <= 1.5 * world.age_s(0.99, 2, 4.5)


@pytest.mark.parametrize("values", [DEMO, FAR_100_MS])
def test_failures_teach_nothing_however_quick(values: dict[str, Any]) -> None:
    world = run(Server(**values, failures=[(5, 7)]), cameras(30, 7.0), 12)
    before = {limit for at, limit in world.limits if 4 < at < 5}
    after = {limit for at, limit in world.limits if 5.2 < at < 7}
    assert after <= before
    assert world.share(7.2, 12) == 1


@pytest.mark.parametrize("values", [DEMO, FAR_100_MS])
def test_a_server_that_becomes_slower_for_a_while(values: dict[str, Any]) -> None:
    world = run(Server(**values, slower=(4, 9, 4.0)), cameras(20, 5.0), 14)
    assert world.share(4.5, 9) >= 0.95
    assert world.age_s(0.99, 10, 14) <= 1.5 * world.age_s(0.99, 2, 4)


def test_the_same_seed_is_the_same_run() -> None:
    first, again, other = (run(Server(), cameras(30, 10.0), 2, seed) for seed in (1, 1, 2))
    assert first.log == again.log != other.log


# The parts


def test_a_line_through_the_calls() -> None:
    baseline = Baseline()
    assert baseline.expected(1) is None
    for frames in (1, 4, 8, 2, 16):
        baseline.add(frames, 0.1 + 0.01 * frames)
    assert baseline.expected(12) == pytest.approx(0.22)


def test_nothing_is_foretold_for_far_larger_batches() -> None:
    baseline = Baseline()
    baseline.add(2, 0.1)
    assert baseline.expected(3) == pytest.approx(0.1)
    assert baseline.expected(4) is None
    assert baseline.at_least(4) == pytest.approx(0.1)


def test_an_outlier_counts_no_more_than_twice_what_was_expected() -> None:
    baseline = Baseline()
    for _ in range(20):
        baseline.add(4, 0.1)
    baseline.add(4, 100.0)
    assert baseline.expected(4) < 0.12  # type: ignore[operator]


def call(limit: ConcurrencyLimit, now: float, latency: float, outcome: Any = "answered") -> None:
    """Fill every slot, and end all calls ``latency`` later."""
    calls = [limit.started(now) for _ in range(limit.limit)]
    for started in calls:
        limit.finished(started, now + latency, "digits", 1, outcome)


def test_the_limit_stays_within_its_bounds() -> None:
    limit = ConcurrencyLimit(16)
    now = 0.0
    for n in range(400):
        call(limit, now, 0.1, "answered" if n < 100 else "overloaded")
        assert 1 <= limit.limit <= 16
        now += 0.2
        assert limit.limit == 16 or n != 99
    assert limit.limit == 1


def test_a_full_server_halves_the_limit() -> None:
    limit = ConcurrencyLimit(initial=8)
    call(limit, 0.0, 0.01, "overloaded")
    assert limit.limit == 4


def test_after_idling_a_lone_camera_waits_for_no_slot() -> None:
    limit = ConcurrencyLimit(initial=8, burst=3)
    for n in range(100):
        call(limit, n / 100, 0.01, "overloaded")
    assert limit.limit == 1
    for _ in range(3):
        assert limit.ready_at(1.0 + IDLE_S) is not None
        limit.started(1.0 + IDLE_S)
    assert limit.limit == 3


def test_a_limit_that_fits_outlasts_a_pause() -> None:
    limit = ConcurrencyLimit(initial=8, burst=3)
    call(limit, 0.0, 0.01, "overloaded")
    limit.started(1.0 + IDLE_S)
    assert limit.limit == 4


def test_under_steady_load_the_baseline_is_measured_anew() -> None:
    """Every slot is always taken; once in ten seconds a quarter of them has to do."""
    limit = ConcurrencyLimit(maximum=12, initial=12)
    limits = []
    for tenth in range(220):
        limits.append(limit.limit)
        call(limit, tenth / 10, 0.09)
    assert set(limits) == {12, 3}
    assert 2 <= limits.count(3) <= 6


def test_partial_batches_wait_while_the_server_has_enough() -> None:
    """Of eight calls that take longer than one alone, it works on four."""
    limit = ConcurrencyLimit(initial=8)
    limit.finished(limit.started(0.0), 0.1, "digits", 1, "answered")
    call(limit, 1.0, 0.14)
    assert limit.worked_on == 4
    for _ in range(4):
        assert limit.ready_at(9.0, full=False) is not None
        limit.started(3.0)
    assert limit.ready_at(9.0, full=False) is None
    assert limit.ready_at(9.0, full=True) is not None


@pytest.mark.parametrize(("under_way", "at_least_s", "at_most_s"), [(8, 0, 2), (3, 8, 12)])
def test_partial_batches_wait_no_longer_than_they_must(
    under_way: int, at_least_s: float, at_most_s: float
) -> None:
    """Either all slots are taken and calls are fast, or few are taken for long."""
    limit = ConcurrencyLimit(initial=8)
    limit.finished(limit.started(0.0), 0.1, "digits", 1, "answered")
    call(limit, 1.0, 0.14)
    now = 2.0
    while limit.worked_on == 4 and now < 20:
        calls = [limit.started(now) for _ in range(min(under_way, limit.limit))]
        for started in calls:
            limit.finished(started, now + 0.1, "digits", 1, "answered")
        now += 0.2
    assert limit.worked_on == limit.maximum
    assert at_least_s < now - 2.0 < at_most_s


def test_ready_only_while_a_slot_is_free() -> None:
    limit = ConcurrencyLimit(initial=MIN_ROUND)
    calls = []
    while limit.ready_at(0.0) is not None:
        calls.append(limit.started(0.0))
    assert len(calls) == MIN_ROUND
    limit.finished(calls[0], 0.1, "digits", 1, "answered")
    assert limit.ready_at(0.1) is not None


def test_starts_are_spread_over_a_call() -> None:
    """Beyond the first three, the slots of a server 0.4 s away are taken 0.05 s apart."""
    limit = ConcurrencyLimit(initial=8, burst=3)
    limit.finished(limit.started(0.0), 0.4, "digits", 1, "answered")
    for _ in range(3):
        assert limit.ready_at(1.0) == 1.0
        limit.started(1.0)
    assert limit.ready_at(1.0) == pytest.approx(1.05)


def test_losses_of_one_model_say_nothing_about_a_server_that_answers_another() -> None:
    limit = ConcurrencyLimit(initial=8)
    for n in range(100):
        hangs = limit.started(float(n))
        limit.finished(limit.started(n + 0.1), n + 0.2, "healthy", 1, "answered")
        limit.finished(hangs, n + 0.5, "hangs", 1, "expired")
    assert limit.limit == 8


def test_expired_calls_that_had_too_little_time_teach_nothing() -> None:
    limit = ConcurrencyLimit(initial=8)
    limit.finished(limit.started(0.0), 0.4, "digits", 1, "answered")
    call(limit, 1.0, 0.3, "expired")
    assert limit.limit == 8
    call(limit, 2.0, 0.5, "expired")
    assert limit.limit == 4
