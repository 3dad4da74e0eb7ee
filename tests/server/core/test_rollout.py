"""Which label a session gets that names a model alone, or none."""

from __future__ import annotations

import math
import secrets

import pytest

from server.core.model import ModelKey
from server.core.rollout import Rollout, percentages

DIGITS = ModelKey("digits")
STABLE = ModelKey("digits", "stable")
CANARY = ModelKey("digits", "canary")
LOWEST, HIGHEST = "0" * 16, "f" * 16


def test_stable_where_there_is_one_else_the_newest() -> None:
    routes = Rollout("digits")
    assert routes.of(routes.default, LOWEST) == (STABLE, DIGITS)


def test_a_label_that_was_asked_for_is_kept_to() -> None:
    routes = Rollout("digits", "production")
    assert routes.of(routes.default, LOWEST) == (ModelKey("digits", "production"),)


@pytest.mark.parametrize(
    "key",
    [
        ModelKey("digits", version=3),
        ModelKey("digits", version=0),
        ModelKey("digits", "blue"),
        STABLE,
        ModelKey("cats", version=3),
        ModelKey("cats", "stable"),
    ],
)
@pytest.mark.parametrize("label", [None, "stable"])
def test_a_session_that_asks_for_a_version_gets_just_that(key: ModelKey, label: str | None) -> None:
    assert Rollout("digits", label, canary_share=1.0).of(key, LOWEST) == (key,)


def test_a_name_alone_means_the_same_for_every_model() -> None:
    cats = ModelKey("cats")
    assert Rollout("digits").of(cats, LOWEST) == (ModelKey("cats", "stable"), cats)
    named = Rollout("digits", "production").of(cats, LOWEST)
    assert named == (ModelKey("cats", "production"), cats)


def test_the_canary_is_one_of_the_default_model() -> None:
    routes = Rollout("digits", canary_share=1.0, canary_steps=(100,))
    assert routes.of(ModelKey("cats"), LOWEST) == routes.by_name("cats")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.25, 0.5, 1.0])
def test_the_share_is_kept(share: float) -> None:
    routes = Rollout("digits", canary_share=share)
    names = [secrets.token_hex(8) for _ in range(4000)]
    chosen = sum(routes.of(DIGITS, name)[0] == CANARY for name in names)
    # Five standard deviations: wrong once in some million runs.
    assert abs(chosen / len(names) - share) <= 5 * (share * (1 - share) / len(names)) ** 0.5


def test_none_and_all() -> None:
    assert Rollout("digits", canary_share=0.0).of(DIGITS, LOWEST) == (STABLE, DIGITS)
    assert Rollout("digits", canary_share=1.0).of(DIGITS, HIGHEST) == (CANARY, STABLE, DIGITS)


def test_a_session_stays_on_its_side_and_a_larger_share_takes_nobody_off() -> None:
    name = secrets.token_hex(8)
    chosen = [
        Rollout("digits", canary_share=part / 10).of(DIGITS, name)[0] == CANARY
        for part in range(11)
    ]
    assert chosen == sorted(chosen)


def test_the_canary_has_its_own_label() -> None:
    routes = Rollout("digits", "production", canary_label="next", canary_share=1.0)
    wanted = (ModelKey("digits", "next"), ModelKey("digits", "production"))
    assert routes.of(routes.default, LOWEST) == wanted


def position(share: float) -> str:
    """The id of a session that is in any share larger than this one."""
    return f"{math.ceil(share * 16**13):013x}000"


def keys(*labels: str) -> tuple[ModelKey, ...]:
    return (*(ModelKey("digits", label) for label in labels), STABLE, DIGITS)


@pytest.mark.parametrize(
    ("share", "labels"),
    [
        (0.0, ["canary-50", "canary-10"]),
        (0.09, ["canary-50", "canary-10"]),
        (0.1, ["canary-50"]),
        (0.49, ["canary-50"]),
        (0.5, []),
        (0.99, []),
    ],
)
def test_each_step_has_a_label_and_the_largest_comes_first(share: float, labels: list[str]) -> None:
    routes = Rollout("digits", canary_steps=(10, 50))
    assert routes.of(DIGITS, position(share)) == keys(*labels)


def test_a_fixed_share_beside_steps() -> None:
    routes = Rollout("digits", canary_share=0.2, canary_steps=(10, 100))
    assert routes.shares == {"canary": 0.2, "canary-10": 0.1, "canary-100": 1.0}
    assert routes.of(DIGITS, LOWEST) == keys("canary-100", "canary", "canary-10")
    assert routes.of(DIGITS, HIGHEST) == keys("canary-100")


def test_all_routes_of_the_canary_are_known_in_advance() -> None:
    routes = Rollout("digits", canary_share=0.2, canary_steps=(10, 50))
    assert routes.trials == [
        keys("canary-50"),
        keys("canary-50", "canary"),
        keys("canary-50", "canary", "canary-10"),
    ]
    assert Rollout("digits").trials == []


@pytest.mark.parametrize(
    ("text", "numbers"), [("", ()), (" ", ()), ("5", (5,)), ("50, 5,50", (5, 50))]
)
def test_steps_are_read_from_a_text(text: str, numbers: tuple[int, ...]) -> None:
    assert percentages(text) == numbers
