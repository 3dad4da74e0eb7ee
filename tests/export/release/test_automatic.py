"""The automatic canary: labels and a state file, on a clock that the test moves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from export.errors import ReleaseError, RolledBack
from export.release.automatic import AutomaticCanary, Plan
from export.release.evidence import Samples, Series
from export.release.judgement import Limits, Pace
from export.release.labels import is_canary
from export.release.trial import Trial, TrialFile

TRIAL = Trial(candidate=4, current=3, label="stable", shares=(5, 25, 50))
PLAN = Plan(Limits(least=30), Pace(hold_s=20, patience_s=300))
RATE = 20.0
PAIR = {"model": "digits", "version": "3", "candidate": "4"}


class World:
    """A model with labels, and a gateway whose counters grow while the clock runs.

    ``agreement``: what its shadow finds, once a second. ``errors``: the share of the candidate's
    frames that fail. ``at``: what happens at a moment.
    """

    model = "digits"

    def __init__(self) -> None:
        self.now = 0.0
        self.labels = {"stable": 3}
        self.moves: list[str] = []
        self.agreement = 1.0
        self.errors = 0.0
        self.reachable = True
        self.at: dict[float, Callable[[], None]] = {}
        self._counts: Counter[Series] = Counter()

    # The clock

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._traffic(seconds)
        self.at.pop(self.now, lambda: None)()

    # The labels

    def current(self) -> dict[str, int]:
        return dict(self.labels)

    def promote(self, label: str, number: int) -> None:
        self.labels[label] = number
        self.moves.append(f"{label}={number}")

    def clear(self, *names: str) -> None:
        for name in names:
            del self.labels[name]
        self.moves.append(f"-{','.join(sorted(names))}")

    # The gateway

    @property
    def share(self) -> float:
        steps = [label.partition("-")[2] for label in self.labels if is_canary(label)]
        return max((int(step) for step in steps if step), default=0) / 100

    def read(self) -> dict[str, Samples]:
        return {"http://a/metrics": dict(self._counts)} if self.reachable else {}

    def _traffic(self, seconds: float) -> None:
        frames = RATE * seconds
        self._answered("3", frames * (1 - self.share), 0.0)
        self._answered("4", frames * self.share, self.errors)
        if "canary" in self.labels:
            self._count("shadow_frames_total", 1, **PAIR, outcome="compared")
            self._count("shadow_agreement_count", 1, **PAIR)
            self._count("shadow_agreement_sum", self.agreement, **PAIR)

    def _answered(self, version: str, frames: float, errors: float) -> None:
        own = {"model": "digits", "version": version}
        self._count("model_results_total", frames * (1 - errors), **own)
        self._count("model_errors_total", frames * errors, **own, code="model_failed")
        for le in ("0.02", "+Inf"):
            labels = {**own, "signature": "a", "outcome": "result", "le": le}
            self._count("frame_age_seconds_bucket", frames * (1 - errors), **labels)

    def _count(self, name: str, by: float, **labels: str) -> None:
        self._counts[f"framewire_{name}", frozenset(labels.items())] += by  # type: ignore[assignment]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def file(tmp_path: Path) -> TrialFile:
    return TrialFile(tmp_path / "models.config")


def run(world: World, file: TrialFile, plan: Plan = PLAN, trial: Trial = TRIAL) -> list[str]:
    said: list[str] = []
    AutomaticCanary(world, world, file, plan, said.append, world.clock, world.sleep).run(trial)
    return said


def test_a_good_version_gets_larger_and_larger_shares(world: World, file: TrialFile) -> None:
    said = run(world, file)
    assert world.moves == [
        "canary=4",
        "canary-5=4",
        "canary-25=4",
        "canary-50=4",
        "-canary-5",
    ]
    assert world.labels == {"stable": 3, "canary": 4, "canary-25": 4, "canary-50": 4}
    assert said[0] == "version 4 gets no session yet; compared with 3"
    assert said[-1] == "version 4 holds, and keeps 50 % of the sessions"
    assert file.read("digits") is None


def test_it_is_promoted_at_the_end_if_asked(world: World, file: TrialFile) -> None:
    said = run(world, file, replace(PLAN, promote=True))
    assert world.labels == {"stable": 4}
    assert world.moves[-2:] == ["stable=4", "-canary,canary-25,canary-50"]
    assert said[-1] == "version 4 holds, and is stable now"


def test_a_version_that_answers_differently_never_reaches_a_session(
    world: World, file: TrialFile
) -> None:
    world.agreement = 0.0
    with pytest.raises(RolledBack, match="rolled back at 0 %: answers that differ: 100"):
        run(world, file)
    assert world.now < 20
    assert world.moves == ["canary=4", "-canary"]
    assert world.labels == {"stable": 3}
    assert file.read("digits") is None


def test_a_version_that_fails_under_load_is_rolled_back(world: World, file: TrialFile) -> None:
    def fail() -> None:
        world.errors = 0.5

    world.at[70.0] = fail
    with pytest.raises(RolledBack, match="at 25 %: frames that failed: "):
        run(world, file)
    assert world.now < 80
    assert world.labels == {"stable": 3}


def test_each_share_is_judged_by_its_own_frames(world: World, file: TrialFile) -> None:
    """Errors of an earlier step, within the limits there, count no more."""
    run(world, file)
    assert world.now > 20 + 30 + 20 + 20  # the first share needs 30 s for its least sample


def test_too_few_frames_end_it_after_a_while(world: World, file: TrialFile) -> None:
    plan = replace(PLAN, limits=Limits(least=1000))
    with pytest.raises(RolledBack, match="at 0 %: undecided after 300 s"):
        run(world, file, plan)


def test_a_gateway_that_cannot_be_read_ends_it_too(world: World, file: TrialFile) -> None:
    def lose() -> None:
        world.reachable = False

    world.at[25.0] = lose
    with pytest.raises(RolledBack, match="no gateway's metrics could be read for 60 s"):
        run(world, file)
    assert world.labels == {"stable": 3}


def test_without_a_shadow_errors_and_delay_decide(world: World, file: TrialFile) -> None:
    world.agreement = 0.0
    run(world, file, replace(PLAN, shadow=False))
    assert world.labels["canary-50"] == 4


def test_at_a_hundred_percent_nothing_is_left_to_compare(world: World, file: TrialFile) -> None:
    trial = replace(TRIAL, shares=(100,), step=1)
    run(world, file, PLAN, trial)
    assert world.labels == {"stable": 3, "canary": 4, "canary-100": 4}


class Killed(BaseException):
    """The command is killed."""


def test_a_restart_goes_on_where_it_was(world: World, file: TrialFile) -> None:
    def kill() -> None:
        raise Killed

    world.at[70.0] = kill
    with pytest.raises(Killed):
        run(world, file)
    assert world.share == 0.25
    trial = file.read("digits")
    assert trial is not None
    assert (trial.step, trial.share, trial.candidate) == (2, 25, 4)
    moves = len(world.moves)
    said = run(world, file, PLAN, trial)
    assert said[0] == "version 4 gets 25 % of the sessions; compared with 3"
    assert world.moves[moves:] == ["canary-50=4", "-canary-5"]


def test_a_restart_after_the_promotion_ends_it(world: World, file: TrialFile) -> None:
    run(world, file)
    world.promote("stable", 4)
    run(world, file, PLAN, replace(TRIAL, step=3))
    assert world.labels == {"stable": 4}


@pytest.mark.parametrize("label", ["canary", "stable"])
def test_a_label_that_someone_else_moves_ends_the_watch(
    world: World, file: TrialFile, label: str
) -> None:
    world.at[10.0] = lambda: world.promote(label, 2)
    with pytest.raises(ReleaseError, match=f"label {label} does not point to version") as caught:
        run(world, file)
    assert not isinstance(caught.value, RolledBack)
    assert world.labels[label] == 2
    assert file.read("digits") is None


# The file


def test_the_file_keeps_the_trials_of_several_models(file: TrialFile) -> None:
    file.write("digits", TRIAL)
    file.write("cats", replace(TRIAL, step=2))
    file.write("digits", None)
    assert file.read("digits") is None
    cats = file.read("cats")
    assert cats is not None
    assert (cats.share, cats.labels) == (25, ["canary", "canary-5", "canary-25"])


_SOUND = {"candidate": 4, "current": 3, "label": "stable", "shares": [5], "step": 1}
BROKEN = [
    {},
    {"shares": [5]},
    {**_SOUND, "step": 2},
    {**_SOUND, "candidate": "4"},
    {**_SOUND, "shares": ["5"]},
    {**_SOUND, "shares": []},
    {**_SOUND, "label": None},
]


@pytest.mark.parametrize("text", ["{", "[]", *(json.dumps({"digits": one}) for one in BROKEN)])
def test_a_file_that_cannot_be_read(file: TrialFile, text: str) -> None:
    file.path.write_text(text)
    with pytest.raises(ReleaseError, match="delete it, and end the canary with canary --stop"):
        file.read("digits")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    file = TrialFile(tmp_path / "missing" / "models.config")
    with pytest.raises(ReleaseError, match="cannot write"):
        file.write("digits", TRIAL)
    with pytest.raises(ReleaseError, match="cannot write"), file.locked("digits"):
        pass


def test_two_commands_do_not_watch_the_same_canary(file: TrialFile) -> None:
    with file.locked("digits"):
        with (
            pytest.raises(ReleaseError, match="another command watches the canary of digits"),
            file.locked("digits"),
        ):
            pass
        with file.locked("cats"):
            pass
    with file.locked("digits"):
        pass


def test_the_file_is_text_that_people_can_read(file: TrialFile) -> None:
    file.write("digits", TRIAL)
    assert json.loads(file.path.read_text())["digits"]["shares"] == [5, 25, 50]


@pytest.mark.parametrize(
    ("label", "own"),
    [("canary", True), ("canary-5", True), ("canary-x", False), ("canaries", False)],
)
def test_which_labels_are_the_canarys(label: str, own: bool) -> None:
    assert is_canary(label) is own
