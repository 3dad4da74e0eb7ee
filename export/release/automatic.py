"""The automatic canary: its share grows while it holds, or it is rolled back.

The first step gives the candidate the label ``canary``, which no session follows: gateways with a
shadow compare it on frames that another version has answered. Each further step gives it the label
of a share (``canary-5``, ``canary-25``), which that share of the sessions follows.

Errors and ages are judged anew on each step, because they may depend on the share. What a shadow
says adds up from the beginning, or from a restart of the command.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from export.errors import ReleaseError, RolledBack
from export.release.evidence import Evidence, Increases, Samples
from export.release.judgement import (
    Check,
    Limits,
    Pace,
    decide,
    shadow_checks,
    traffic_checks,
)
from export.release.labels import is_canary
from export.release.trial import Trial, TrialFile

POLL_S = 1.0
SETTLE_S = 6.0
"""How long gateways may take to follow a label that has moved, and one second more."""


class Metrics(Protocol):
    """Where the figures come from; :class:`~export.release.gateways.Gateways` reads them."""

    def read(self) -> Mapping[str, Samples]:
        """Return the samples of each gateway that answers."""


class Movable(Protocol):
    """The labels of a model, as :class:`~export.release.labels.Labels` moves them."""

    model: str

    def current(self) -> dict[str, int]:
        """Return the version of each label."""

    def promote(self, label: str, number: int) -> None:
        """Point a label to a version."""

    def clear(self, *names: str) -> None:
        """Remove labels."""


@dataclass(frozen=True)
class Plan:
    """What to hold a canary to, and how fast. ``shadow``: agreement counts. ``promote``: at the
    end, its label moves to the candidate."""

    limits: Limits
    pace: Pace
    shadow: bool = True
    promote: bool = False


class AutomaticCanary:
    """Runs one trial. ``say`` gets a line for each step; ``clock`` and ``sleep`` are in seconds."""

    def __init__(
        self,
        labels: Movable,
        gateways: Metrics,
        file: TrialFile,
        plan: Plan,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._labels = labels
        self._gateways = gateways
        self._file = file
        self._plan = plan
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._since_start, self._since_step = Increases(), Increases()

    def run(self, trial: Trial) -> None:
        """Run a trial to its end, from the step that it has reached.

        Raise ``RolledBack`` if the candidate was taken back, and ``ExportError`` if a label could
        not be moved, or was moved by another command; then everything stays as it is.
        """
        if self._labels.current().get(trial.label) == trial.candidate:
            self._end(trial)  # it was promoted just before the command was interrupted
            return
        while True:
            self._begin(trial)
            self._watch(trial)
            if trial.finished:
                break
            trial = replace(trial, step=trial.step + 1)
        self._finish(trial)

    def _begin(self, trial: Trial) -> None:
        """Let the labels be those of the trial's step."""
        self._file.write(self._labels.model, trial)
        have = self._labels.current()
        for label in trial.labels:
            if have.get(label) != trial.candidate:
                self._labels.promote(label, trial.candidate)
        old = [label for label in have if is_canary(label) and label not in trial.labels]
        if old:
            self._labels.clear(*old)
        share = f"{trial.share} % of the sessions" if trial.step else "no session yet"
        self._say(f"version {trial.candidate} gets {share}; compared with {trial.current}")

    def _watch(self, trial: Trial) -> None:
        """Wait until the step is over. Raise ``RolledBack`` if the candidate does not hold."""
        began = seen = self._clock()
        self._since_step = Increases()
        while True:
            if self._collect():
                seen = self._clock()
            now = self._clock()
            checks = self._checks(trial)
            decision = decide(checks, self._plan.pace, now - began, now - seen)
            if decision.act == "back":
                self._roll_back(trial, decision.why)
            if decision.act == "next":
                self._report(checks)
                return
            self._sleep(POLL_S)
            self._check_labels(trial)

    def _collect(self) -> bool:
        """Read the metrics. Return whether any gateway answered."""
        answers = self._gateways.read()
        for gateway, samples in answers.items():
            self._since_start.add(gateway, samples)
            self._since_step.add(gateway, samples)
        return bool(answers)

    def _checks(self, trial: Trial) -> list[Check]:
        limits = self._plan.limits
        checks: list[Check] = []
        if self._plan.shadow:
            shadow = shadow_checks(self._evidence(trial, self._since_start), limits)
            # At 100 %, no version in use answers frames that could be compared.
            checks += [replace(one, needed=one.needed and trial.share < 100) for one in shadow]
        if trial.step:
            checks += traffic_checks(self._evidence(trial, self._since_step), limits)
        return checks

    def _evidence(self, trial: Trial, increases: Increases) -> Evidence:
        candidate = str(trial.candidate)
        names = frozenset({candidate, *trial.labels})
        return Evidence(self._labels.model, str(trial.current), candidate, names, increases.total)

    def _report(self, checks: list[Check]) -> None:
        for check in checks:
            if check.needed:
                self._say(f"holds       {check}")

    def _check_labels(self, trial: Trial) -> None:
        """Raise ``ReleaseError`` if another command has moved a label of the trial."""
        have = self._labels.current()
        expected = {trial.label: trial.current} | dict.fromkeys(trial.labels, trial.candidate)
        for label, version in expected.items():
            if have.get(label) != version:
                self._file.write(self._labels.model, None)
                raise ReleaseError(
                    f"label {label} does not point to version {version} any more; the canary is "
                    "not watched any longer"
                )

    def _roll_back(self, trial: Trial, why: str) -> None:
        self._take_back()
        raise RolledBack(f"version {trial.candidate} was rolled back at {trial.share} %: {why}")

    def _take_back(self) -> None:
        self._labels.clear(*(label for label in self._labels.current() if is_canary(label)))
        self._file.write(self._labels.model, None)

    def _finish(self, trial: Trial) -> None:
        if not self._plan.promote:
            self._file.write(self._labels.model, None)
            self._say(f"version {trial.candidate} holds, and keeps {trial.share} % of the sessions")
            return
        self._labels.promote(trial.label, trial.candidate)
        self._sleep(SETTLE_S)
        self._end(trial)

    def _end(self, trial: Trial) -> None:
        self._take_back()
        self._say(f"version {trial.candidate} holds, and is {trial.label} now")
