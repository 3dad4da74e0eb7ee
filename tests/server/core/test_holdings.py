"""Which version sessions get while backends hold several."""

from __future__ import annotations

import pytest

from server.core.errors import (
    BackendUnavailable,
    FramewireError,
    Internal,
    ModelUnavailable,
    NotLoaded,
    UnknownModel,
    UnusableModel,
)
from server.core.holdings import MAX_MODELS, Holdings
from server.core.model import Model, ModelKey

DIGITS = ModelKey("digits")
ALL = "abcd"


def model(version: int, key: ModelKey = DIGITS) -> Model:
    return Model(key, version, "detection")


def holdings(**versions: int) -> Holdings[str]:
    made: Holdings[str] = Holdings()
    for holder, version in versions.items():
        made.learn(DIGITS, holder, model(version))
    return made


@pytest.mark.parametrize(
    ("versions", "gets"),
    [
        ({"a": 1, "b": 1, "c": 1}, 1),
        ({"a": 2, "b": 1, "c": 1}, 1),
        ({"a": 2, "b": 2, "c": 1}, 2),
        ({"a": 2, "b": 1}, 2),
        ({"a": 1, "b": 2, "c": 3}, 3),
        ({"a": 1, "b": 1, "c": 2, "d": 2}, 2),
        ({"a": 1, "b": 1, "c": 2, "d": 3}, 1),
    ],
)
def test_sessions_get_the_version_that_most_backends_hold(
    versions: dict[str, int], gets: int
) -> None:
    made = holdings(**versions)
    assert made.settle(DIGITS, ALL) == model(gets)
    assert made.current(DIGITS) == model(gets)
    assert made.holders(DIGITS) == [name for name, version in versions.items() if version == gets]


def test_a_rolling_update_changes_the_version_once() -> None:
    made = holdings(a=1, b=1, c=1)
    seen = []
    for holder in "abc":
        made.learn(DIGITS, holder, model(2))
        settled = made.settle(DIGITS, ALL)
        assert isinstance(settled, Model)
        seen.append(settled.version)
    assert seen == [1, 2, 2]


def test_backends_that_serve_decide_before_those_that_do_not() -> None:
    made = holdings(a=1, b=2, c=2)
    assert made.settle(DIGITS, "a", ALL) == model(1)
    assert made.settle(DIGITS, "", ALL) == model(2)


def test_what_is_learnt_applies_to_sessions_only_once_it_is_settled() -> None:
    made = holdings(a=1, b=1)
    made.settle(DIGITS, ALL)
    made.learn(DIGITS, "a", model(2))
    assert made.current(DIGITS) == model(1)
    assert made.holders(DIGITS) == ["b"]
    made.learn(DIGITS, "b", ModelUnavailable("no answer"))
    assert made.holders(DIGITS) == ["b"]
    made.learn(DIGITS, "b", UnknownModel("gone"))
    assert made.holders(DIGITS) == []


def test_a_backend_that_is_gone_holds_nothing() -> None:
    made = holdings(a=1, b=1)
    made.settle(DIGITS, ALL)
    made.forget("a")
    assert made.holders(DIGITS) == ["b"]
    assert made.models == [DIGITS]


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([UnknownModel(""), NotLoaded("")], NotLoaded),
        ([UnknownModel(""), UnusableModel("")], UnusableModel),
        ([UnknownModel(""), ModelUnavailable("")], ModelUnavailable),
        ([BackendUnavailable(""), UnknownModel("")], UnknownModel),
        ([UnusableModel(""), Internal("")], UnusableModel),
        ([BackendUnavailable("")], BackendUnavailable),
    ],
)
def test_a_missing_model_has_the_error_of_a_backend_that_knows_it(
    errors: list[FramewireError], kind: type[FramewireError]
) -> None:
    made: Holdings[str] = Holdings()
    for holder, error in zip(ALL, errors, strict=False):
        made.learn(DIGITS, holder, error)
    assert type(made.settle(DIGITS, ALL)) is kind
    assert made.settle(DIGITS, ALL) is None, "an error is settled once"
    assert made.current(DIGITS) is None
    assert made.models == []


def test_models_are_bounded_and_missing_ones_displace_none() -> None:
    made = holdings(a=1)
    made.settle(DIGITS, ALL)
    for number in range(2 * MAX_MODELS):
        made.learn(ModelKey(f"missing-{number}"), "a", UnknownModel(""))
    assert made.models == [DIGITS]
    for number in range(MAX_MODELS):
        key = ModelKey(f"there-{number}")
        made.learn(key, "a", model(1, key))
        made.settle(key, ALL)
    assert len(made.models) == MAX_MODELS
    assert DIGITS not in made.models
