"""Measurements in turns: when their figures count, and what they say."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

import pytest

from loadtest.alternation import (
    BUSY_CORES,
    Estimate,
    OtherWork,
    Round,
    alternate,
    of_percentiles,
    of_ratios,
    verdict,
)


def test_turns_change_their_order() -> None:
    order: list[bool] = []

    def measure(with_it: bool) -> float:
        order.append(with_it)
        return 2.0 if with_it else 1.0

    others = OtherWork([os.getppid()])
    seen = [(one.without, one.with_it) for one in alternate(measure, others, 2)]
    assert order == [False, True, True, False]
    assert seen == [(1.0, 2.0)] * 2


def test_the_median_of_ratios_and_its_interval() -> None:
    ratios = [1.0 + step / 100 for step in range(20)]
    random.Random(1).shuffle(ratios)
    assert of_ratios(ratios) == Estimate(
        pytest.approx(0.095), pytest.approx(0.05), pytest.approx(0.14)
    )
    few = of_ratios([1.0, 1.1])
    assert few.margin == float("inf")


def test_the_cost_of_a_fifth_is_a_fifth_of_the_cost() -> None:
    fifth = Estimate(0.05, -0.01, 0.1).scaled(0.2)
    assert (fifth.value, fifth.low, fifth.high) == pytest.approx((0.01, -0.002, 0.02))


def ages(mean: float, dice: random.Random) -> list[float]:
    return [dice.gauss(mean, 1.0) for _ in range(200)]


def test_percentiles_of_all_values() -> None:
    dice = random.Random(2)
    rounds: list[Round[Sequence[float]]] = [
        Round(ages(100, dice), ages(110, dice), 0.0) for _ in range(20)
    ]
    found = of_percentiles(rounds, 0.99)
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert found.margin < 0.01


def rounds(*other_cores: float) -> list[Round[float]]:
    return [Round(1.0, 1.0, cores) for cores in other_cores]


@pytest.mark.parametrize(
    ("seen", "estimate", "held", "words"),
    [
        (rounds(0.0, 0.1), Estimate(0.01, 0.0, 0.02), True, "bound 3%: held, in 2 of 2 rounds"),
        (rounds(0.0, 0.0), Estimate(0.05, 0.04, 0.06), False, "bound 3%: NOT HELD"),
        (rounds(0.0, 0.0), Estimate(0.0, -0.1, 0.1), False, "undecided"),
        (rounds(1.2, 1.4, 0.0), Estimate(0.0, 0.0, 0.0), False, "used up to 1.4 cores"),
        (rounds(BUSY_CORES * 2), None, False, "only 0 of 1 rounds count"),
    ],
)
def test_what_a_measurement_says(
    seen: list[Round[float]], estimate: Estimate | None, held: bool, words: str
) -> None:
    found = verdict(seen, estimate, 0.03)
    assert found.held is held
    assert words in found.words
