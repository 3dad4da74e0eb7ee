"""When frames are sent to a shadow."""

from __future__ import annotations

import pytest

from server.core.mirroring import BUSY, MOST, SAVED_S, Mirroring
from tests.releases.simulated import ShadowedWorld, cost
from tests.server.core.simulation import World

CALL_S = 0.02


def calls(mirroring: Mirroring, since: float, until: float, call_s: float = CALL_S) -> int:
    """Make calls whenever they are allowed. Return their number."""
    made = 0
    while True:
        ready_at = mirroring.ready_at(users_calls=0)
        assert ready_at is not None
        since = max(since, ready_at)
        if since >= until:
            return made
        mirroring.began(since)
        since += call_s
        mirroring.ended(since)
        made += 1


def test_one_call_at_a_time_and_none_beside_those_of_users() -> None:
    mirroring = Mirroring()
    assert mirroring.ready_at(users_calls=0) == 0.0
    assert mirroring.ready_at(users_calls=1) is None
    mirroring.began(10.0)
    assert mirroring.ready_at(users_calls=0) is None


@pytest.mark.parametrize("workers", [1, 4])
def test_the_shadow_takes_a_bounded_share_of_the_time(workers: int) -> None:
    mirroring = Mirroring(workers)
    calls(mirroring, 0.0, 1000.0)
    busy_s = CALL_S * calls(mirroring, 1000.0, 11_000.0)
    assert busy_s / 10_000 * workers == pytest.approx(BUSY, rel=0.05)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_new_candidate_is_tried_sooner(workers: int) -> None:
    mirroring = Mirroring(workers)
    calls(mirroring, 0.0, 1000.0)
    mirroring.renew()
    busy_s = CALL_S * calls(mirroring, 1000.0, 1020.0)
    assert busy_s / 20 * workers == pytest.approx(MOST, rel=0.1)
    assert CALL_S * calls(mirroring, 1020.0, 2000.0) < (SAVED_S + 10) / workers


def test_a_candidate_that_hangs_is_tried_five_times_in_half_a_minute() -> None:
    mirroring = Mirroring()
    calls(mirroring, 0.0, 1000.0, call_s=0.5)
    mirroring.renew()
    assert calls(mirroring, 1000.0, 1030.0, call_s=0.5) >= 5


def test_an_idle_shadow_saves_no_more_than_a_new_one_has() -> None:
    mirroring = Mirroring()
    calls(mirroring, 0.0, 1000.0)
    busy_s = CALL_S * calls(mirroring, 1_000_000.0, 1_000_100.0)
    assert busy_s == pytest.approx(SAVED_S + 100 * BUSY, rel=0.05)


def test_users_frames_are_not_later_for_it() -> None:
    """On one core, a call for the shadow takes half of the model server from any other."""
    without, shadowed = (cost(kind, 1, 4, seed=1) for kind in (World, ShadowedWorld))
    assert shadowed.compared_per_s > 1
    assert shadowed.p99_ms <= 1.03 * without.p99_ms
