"""The reliability scenarios, each for a few seconds, with looser bounds where time is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.measure import Measure
from loadtest.reliability import SCENARIOS, attackers, report
from loadtest.reliability.result import Result
from tests.forked import ForkedStack

# What a few seconds on a busy machine cannot show any closer, by words in a measure's name. A
# bound of zero stays zero.
LOOSER = {"p99": 10.0, "memory": 4.0, "CPU": 4.0, "peak": 2.5, "honest": 2.5}
OTHERWISE = 1.5
ELSEWHERE = {"attackers", "backends", "chaos", "gateways", "rolling"}
"""Below; over real sockets without a minute of starts, in tests/server/backend/test_pool.py and
tests/server/workers/test_processes.py."""


PATIENT = ("--max-staleness-ms=20000",)
"""For all but the overload: a slow machine answers later, but drops no frame because it is slow."""


class Servers(ForkedStack):
    """Whose gateways have ``more`` flags, whatever flags a scenario gives them."""

    more: tuple[str, ...] = ()

    def restart_gateway(self, *flags: str) -> None:
        super().restart_gateway(*flags, *self.more)


@pytest.fixture(scope="module")
def stack(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A model server and a gateway of these tests' own, with logs to look into."""
    with Servers(demo_models, logs=tmp_path_factory.mktemp("logs")) as running:
        yield running


def loosened(measure: Measure) -> Measure:
    factors = [factor for word, factor in LOOSER.items() if word in measure.name]
    return measure.loosened(max(factors, default=OTHERWISE))


def assert_held(scenario: Callable[[], Result]) -> None:
    """One of three runs keeps all bounds: others on this machine only make figures worse.

    What must not happen at all happens in none of them.
    """
    for _ in range(3):
        result = scenario()
        broken = [measure for measure in map(loosened, result.measures) if not measure.held]
        if not broken or any(measure.bound == 0 for measure in broken):
            break
    assert not broken, "\n".join([*map(str, broken), *result.notes])


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in ELSEWHERE])
def test_a_short_scenario_keeps_its_bounds(stack: Servers, name: str) -> None:
    stack.more = () if name == "overload" else PATIENT
    assert_held(lambda: report.scenario(stack, name, quick=True))


@pytest.mark.parametrize(
    "kind",
    [
        "png of 16 megapixels",
        "crawling uploads",
        "flood of configure",
        "rejected handshakes",
        "missing models",
    ],
)
def test_honest_cameras_do_not_notice_an_attacker(stack: Servers, kind: str) -> None:
    stack.more = PATIENT
    size = replace(attackers.QUICK, kinds=(kind,))
    assert_held(lambda: attackers.run(stack, size))
