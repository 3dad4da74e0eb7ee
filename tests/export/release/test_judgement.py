"""Whether a canary holds, from counts alone."""

from __future__ import annotations

import math

import pytest

from export.release.evidence import Evidence, Increases, Samples, Tally, Times
from export.release.judgement import (
    BLIND_S,
    Check,
    Limits,
    Pace,
    decide,
    shadow_checks,
    traffic_checks,
)
from framewire.agreement import Tally as Objects

PACE = Pace(hold_s=60, patience_s=600)
PAIR = {"model": "digits", "version": "3", "candidate": "4"}
LIMITS = Limits()


def samples(*rows: tuple[str, dict[str, str], float]) -> Samples:
    return {(f"framewire_{name}", frozenset(labels.items())): value for name, labels, value in rows}


def evidence(*rows: tuple[str, dict[str, str], float]) -> Evidence:
    names = frozenset({"4", "canary", "canary-25"})
    return Evidence("digits", "3", "4", names, samples(*rows))


def check(bad: float, total: float, limit: float = 0.1, needed: bool = True) -> Check:
    return Check("frames that failed", Tally(bad, total), limit, 50, needed)


# Counting


def test_only_what_is_counted_after_the_beginning_is_evidence() -> None:
    counted, name = Increases(), ("n", frozenset[tuple[str, str]]())
    other = ("m", frozenset[tuple[str, str]]())
    counted.add("a", {name: 100.0})
    counted.add("b", {name: 7.0})
    assert counted.total == {}
    counted.add("a", {name: 105.0, other: 2.0})
    counted.add("b", {name: 8.0})
    assert counted.total == {name: 6.0, other: 2.0}


def test_a_gateway_that_was_restarted_is_not_counted_twice() -> None:
    counted, name = Increases(), ("n", frozenset[tuple[str, str]]())
    for value in (100.0, 110.0, 3.0, 5.0):
        counted.add("a", {name: value})
    assert counted.total == {name: 15.0}


def test_quantiles_lie_within_their_bucket() -> None:
    times = Times({0.01: 50.0, 0.02: 90.0, 0.05: 90.0, 0.1: 98.0, math.inf: 100.0})
    assert times.quantile(0.25) == pytest.approx(0.005)
    assert times.quantile(0.7) == pytest.approx(0.015)
    assert times.quantile(0.9) == pytest.approx(0.02)
    assert times.quantile(0.94) == pytest.approx(0.075)
    assert times.quantile(1.0) == 0.1
    assert Times({}).quantile(0.9) == 0.0


def test_what_is_late_is_counted_from_the_next_bound_on() -> None:
    times = Times({0.01: 50.0, 0.02: 90.0, math.inf: 100.0})
    assert times.later_than(0.01) == Tally(50, 100)
    assert times.later_than(0.015) == Tally(10, 100)
    assert times.later_than(3.0) == Tally(0, 100)
    assert Times({}).later_than(1.0) == Tally(0, 0)


# One check


@pytest.mark.parametrize(
    ("bad", "total", "state"),
    [
        (0, 0, "open"),
        (4, 4, "open"),  # too few for any conclusion
        (5, 5, "fails"),
        (6, 12, "fails"),
        (2, 12, "open"),
        (0, 49, "open"),
        (5, 50, "holds"),
        (8, 50, "open"),  # above the limit, but not beyond doubt
        (15, 50, "fails"),
        (100, 1000, "holds"),
        (130, 1000, "fails"),
    ],
)
def test_a_check_holds_or_fails_only_beyond_doubt(bad: float, total: float, state: str) -> None:
    assert check(bad, total).state == state


def test_a_check_in_words() -> None:
    assert str(check(6, 12)) == "frames that failed: 50.0% of 12, at most 10.0%"


# Decisions


def test_a_step_ends_when_its_time_is_over_and_everything_holds() -> None:
    holding = [check(0, 50)]
    assert decide(holding, PACE, 59, 0).act == "stay"
    assert decide(holding, PACE, 60, 0).act == "next"


def test_a_failure_ends_it_at_once_and_says_why() -> None:
    decision = decide([check(0, 500), check(12, 12), check(30, 50)], PACE, 1, 0)
    assert decision.act == "back"
    assert decision.why == (
        "frames that failed: 100.0% of 12, at most 10.0%; "
        "frames that failed: 60.0% of 50, at most 10.0%"
    )


def test_of_many_reasons_the_first_are_named() -> None:
    decision = decide([check(12, 12)] * 5, PACE, 1, 0)
    assert decision.why.count("at most") == 3
    assert decision.why.endswith("; and 2 more")


def test_too_small_a_sample_is_waited_for_but_not_for_ever() -> None:
    few = [check(0, 500), check(0, 49)]
    assert decide(few, PACE, 599, 0).act == "stay"
    decision = decide(few, PACE, 600, 0)
    assert (decision.act, decision.why) == (
        "back",
        "undecided after 600 s: frames that failed: 0.0% of 49, at most 10.0%",
    )


def test_a_check_that_is_not_needed_counts_once_its_sample_is_large_enough() -> None:
    assert decide([check(0, 3, needed=False)], PACE, 60, 0).act == "next"
    assert decide([check(8, 50, needed=False)], PACE, 60, 0).act == "stay"
    assert decide([check(40, 50, needed=False)], PACE, 60, 0).act == "back"


def test_a_canary_that_nobody_can_watch_is_rolled_back() -> None:
    assert decide([check(0, 50)], PACE, 30, BLIND_S - 1).act == "stay"
    assert decide([check(0, 50)], PACE, 90, BLIND_S).act == "back"


# What the figures of gateways amount to


def states(checks: list[Check]) -> dict[str, str]:
    return {one.words.partition(" later")[0]: one.state for one in checks}


def test_errors_of_users_frames_are_compared_with_the_version_in_use() -> None:
    rows = [
        ("model_results_total", {"model": "digits", "version": "3"}, 900.0),
        ("model_errors_total", {"model": "digits", "version": "3", "code": "expired"}, 100.0),
        ("model_results_total", {"model": "digits", "version": "4"}, 90.0),
        ("model_errors_total", {"model": "digits", "version": "4", "code": "expired"}, 8.0),
        ("model_errors_total", {"model": "digits", "version": "canary-25", "code": "x"}, 2.0),
        ("model_errors_total", {"model": "other", "version": "4", "code": "x"}, 999.0),
    ]
    [errors, _] = traffic_checks(evidence(*rows), LIMITS)
    assert errors.tally == Tally(10, 100)
    assert errors.limit == pytest.approx(0.11)
    assert errors.state == "holds"


def ages(version: str, *at_most: float) -> list[tuple[str, dict[str, str], float]]:
    """Rows of a histogram with the bounds 0.01, 0.02, 0.05, 0.2 and none, by signature."""
    labels = {"model": "digits", "version": version, "signature": "a", "outcome": "result"}
    bounds = ("0.01", "0.02", "0.05", "0.2", "+Inf")
    rows = [
        ("frame_age_seconds_bucket", {**labels, "le": le}, n)
        for le, n in zip(bounds, at_most, strict=True)
    ]
    lost = {**labels, "outcome": "dropped", "le": "+Inf"}
    return [*rows, ("frame_age_seconds_bucket", lost, 1000.0)]


@pytest.mark.parametrize(
    ("candidate", "state"),
    [
        ((50, 90, 100, 100, 100), "holds"),
        ((0, 0, 90, 100, 100), "holds"),
        ((0, 0, 50, 100, 100), "fails"),
        ((0, 0, 0, 0, 12), "fails"),
        ((20, 40, 40, 40, 40), "open"),
    ],
)
def test_late_results(candidate: tuple[float, ...], state: str) -> None:
    """The version in use has 20 ms as its 90th percentile, so 30 ms are allowed, or 50."""
    rows = [*ages("3", 50, 90, 100, 100, 100), *ages("4", *candidate)]
    assert states(traffic_checks(evidence(*rows), LIMITS))["results"] == state


def test_without_a_version_to_compare_with_nothing_is_late() -> None:
    rows = [*ages("3", 0, 0, 0, 0, 4), *ages("4", 0, 0, 0, 0, 100)]
    assert states(traffic_checks(evidence(*rows), LIMITS))["results"] == "holds"


def shadowed(
    *,
    failed: float = 0,
    agreed: float = 60,
    similar: float = 57,
    shifted: float = 0,
    slow: float = 0,
    confused: float = 0,
) -> Evidence:
    """What a shadow counted on sixty frames with an object each."""
    rows: list[tuple[str, dict[str, str], float]] = [
        ("shadow_frames_total", {**PAIR, "outcome": "compared"}, 60.0),
        ("shadow_frames_total", {**PAIR, "outcome": "skipped"}, 500.0),
        ("shadow_frames_total", {**PAIR, "outcome": "model_failed"}, failed),
        ("shadow_frames_total", {**PAIR, "version": "2", "outcome": "model_failed"}, 999.0),
        ("shadow_agreement_count", PAIR, 60.0),
        ("shadow_agreement_sum", PAIR, agreed),
        ("shadow_iou_count", PAIR, 60.0),
        ("shadow_iou_sum", PAIR, similar),
        ("shadow_objects_total", {**PAIR, "class": "cat", "verdict": "paired"}, 60.0 - confused),
        ("shadow_objects_total", {**PAIR, "class": "cat", "verdict": "missed"}, confused),
        ("shadow_objects_total", {**PAIR, "class": "dog", "verdict": "added"}, confused),
    ]
    for direction, share in (("up", 0.5), ("down", 0.5)):
        labels = {**PAIR, "direction": direction}
        total = 60 * share
        rows.append(("shadow_score_shift_bucket", {**labels, "le": "0.1"}, total - shifted / 2))
        rows.append(("shadow_score_shift_bucket", {**labels, "le": "+Inf"}, total))
    for whose, late in (("current", 0.0), ("candidate", slow)):
        labels = {**PAIR, "whose": whose}
        rows.append(("shadow_call_seconds_bucket", {**labels, "le": "0.02"}, 60.0 - late))
        rows.append(("shadow_call_seconds_bucket", {**labels, "le": "0.05"}, 60.0 - late))
        rows.append(("shadow_call_seconds_bucket", {**labels, "le": "+Inf"}, 60.0))
    return evidence(*rows)


def failing(seen: Evidence) -> list[str]:
    checks = shadow_checks(seen, LIMITS)
    return [name for name, state in states(checks).items() if state == "fails"]


def test_a_shadow_that_agrees_holds() -> None:
    checks = shadow_checks(shadowed(agreed=57), LIMITS)
    assert {one.state for one in checks if one.counts} == {"holds"}
    assert [one.words for one in checks if one.needed] == [
        "mirrored frames that failed",
        "answers that differ",
    ]


def test_what_a_shadow_finds() -> None:
    assert failing(shadowed(failed=20)) == ["mirrored frames that failed"]
    assert failing(shadowed(similar=30)) == ["places of matching objects that differ"]
    assert failing(shadowed(shifted=30)) == ["scores that shifted by more than 0.1"]
    assert failing(shadowed(slow=40)) == ["mirrored calls"]
    assert failing(shadowed(confused=40)) == [
        "answers that differ",
        "objects of class 'cat' that only one version found",
        "objects of class 'dog' that only one version found",
    ]


def test_agreement_is_that_of_all_objects_as_for_recorded_frames() -> None:
    """Sixty cats, ten of which only one version found, and ten dogs that only the other found."""
    agreement = Objects(50, 10, 0) + Objects(0, 0, 10)
    seen = shadowed(agreed=0, confused=10)
    assert seen.disagreement().share == pytest.approx(1 - agreement.agreement)
    assert seen.disagreement().total == 60
    assert seen.classes()["cat"].share == pytest.approx(1 - Objects(50, 10, 0).agreement)


def test_tasks_without_objects_have_the_agreement_of_their_frames() -> None:
    rows = [("shadow_agreement_count", PAIR, 60.0), ("shadow_agreement_sum", PAIR, 45.0)]
    assert evidence(*rows).disagreement() == Tally(15, 60)


def test_without_any_figures_everything_is_open() -> None:
    nothing = evidence()
    checks = [*shadow_checks(nothing, LIMITS), *traffic_checks(nothing, LIMITS)]
    assert {one.state for one in checks} == {"open"}
