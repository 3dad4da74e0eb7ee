"""Look-ups of missing models: few, shared, and soon enough."""

from __future__ import annotations

import heapq
from itertools import pairwise

import pytest

from server.core.lookups import (
    AGAIN_PER_S,
    FIRST_BURST,
    FIRST_PER_S,
    LONGEST_PAUSE_S,
    LONGEST_WAIT_S,
    Lookups,
)


def missing_for(lookups: Lookups, names: list[str], seconds: float) -> list[tuple[float, str]]:
    """Look missing models up again and again, as their followers do; returns each look-up."""
    turns = [(due, name) for name in names if (due := lookups.due(name, 0.0)) is not None]
    heapq.heapify(turns)
    made = []
    while turns and turns[0][0] <= seconds:
        at, name = heapq.heappop(turns)
        made.append((at, name))
        lookups.missing(name, at)
        due = lookups.due(name, at)
        assert due is not None
        heapq.heappush(turns, (due, name))
    return made


def test_a_model_that_is_there_is_never_kept_waiting() -> None:
    lookups = Lookups()
    lookups.found("digits")
    assert [lookups.due("digits", 0.0) for _ in range(1000)] == [0.0] * 1000


def test_a_missing_model_is_soon_found_when_it_comes_up() -> None:
    times = [at for at, _ in missing_for(Lookups(), ["digits"], 60)]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:3] == [pytest.approx(0.2), pytest.approx(0.4), pytest.approx(0.8)]
    assert max(pauses) <= LONGEST_PAUSE_S + 1e-9


def test_eight_hundred_missing_models_cost_little() -> None:
    lookups = Lookups()
    names = [f"no-{n}" for n in range(800)]
    seconds = 120
    made = missing_for(lookups, names, seconds)
    assert len(made) <= (AGAIN_PER_S + 1) * seconds + FIRST_BURST + FIRST_PER_S * LONGEST_WAIT_S
    assert len(made) >= 0.8 * AGAIN_PER_S * seconds


def test_missing_models_take_turns() -> None:
    made = missing_for(Lookups(), [f"no-{n}" for n in range(40)], 120)
    counts = [sum(name == f"no-{n}" for _, name in made) for n in range(40)]
    assert max(counts) - min(counts) <= 3


def test_a_name_that_was_missing_is_not_new_after_its_users_left() -> None:
    lookups = Lookups()
    lookups.missing("no", 0.0)
    assert lookups.is_missing("no", 0.1)
    assert lookups.due("no", 0.1) == pytest.approx(0.2)
    assert not lookups.is_missing("no", 0.3)


def test_new_names_are_refused_when_too_many_wait() -> None:
    lookups = Lookups()
    times = [lookups.due(f"new-{n}", 0.0) for n in range(200)]
    accepted = [at for at in times if at is not None]
    assert len(accepted) == FIRST_BURST + FIRST_PER_S * LONGEST_WAIT_S
    assert max(accepted) <= LONGEST_WAIT_S
    assert lookups.due("later", 1.0) is not None


def test_a_model_that_came_up_starts_anew() -> None:
    lookups = Lookups()
    for second in range(5):
        lookups.missing("digits", float(second))
    lookups.found("digits")
    assert lookups.due("digits", 5.0) == 5.0
    lookups.missing("digits", 6.0)
    assert lookups.due("digits", 6.0) == pytest.approx(6.2)


def test_remembered_names_are_bounded() -> None:
    lookups = Lookups(max_missing=10)
    for n in range(100):
        lookups.missing(n, float(n))
    assert len(lookups) == 10
    assert lookups.is_missing(99, 99.0)
