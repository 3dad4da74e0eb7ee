"""What gateways' metrics say about a version in use and a canary beside it.

All figures are increases of counters since the watch began, over all gateways. Errors and ages are
those of users' frames; agreement, scores and calls those of a gateway's shadow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]
Series = tuple[str, frozenset[tuple[str, str]]]
Samples = Mapping[Series, float]

_UNJUDGED = {"compared", "skipped"}


class Increases:
    """How much the counters of several gateways have grown.

    A gateway that was restarted counts from 0 again. What it had counted since it was last asked
    is lost, and nothing is counted twice.
    """

    def __init__(self) -> None:
        self.total: dict[Series, float] = {}
        self._last: dict[str, Samples] = {}

    def add(self, gateway: str, samples: Samples) -> None:
        """Take in what a gateway shows now. Its first samples only say where to count from."""
        before = self._last.get(gateway)
        self._last[gateway] = samples
        if before is None:
            return
        for series, value in samples.items():
            earlier = before.get(series, 0.0)
            grown = value - earlier if value >= earlier else value
            self.total[series] = self.total.get(series, 0.0) + grown


@dataclass(frozen=True)
class Tally:
    """How many of ``total`` are ``bad``."""

    bad: float
    total: float

    @property
    def share(self) -> float:
        """The share of the bad ones; 0 of none."""
        return self.bad / self.total if self.total else 0.0


@dataclass(frozen=True)
class Times:
    """Durations as a histogram: how many are at most as long as each bound, in seconds."""

    at_most: Mapping[float, float]

    @property
    def total(self) -> float:
        """How many there are."""
        return self.at_most.get(math.inf, 0.0)

    def quantile(self, share: float) -> float:
        """Return a duration that this share does not exceed, interpolated; 0 of none."""
        wanted, lower, below = share * self.total, 0.0, 0.0
        for bound, count in sorted(self.at_most.items()):
            if count >= wanted and count > below:
                if bound == math.inf:
                    return lower
                return lower + (bound - lower) * (wanted - below) / (count - below)
            lower, below = bound, count
        return 0.0

    def later_than(self, seconds: float) -> Tally:
        """Return how many are longer, counted from the next bound on."""
        bound = min((bound for bound in self.at_most if bound >= seconds), default=math.inf)
        return Tally(self.total - self.at_most.get(bound, 0.0), self.total)


@dataclass(frozen=True)
class Evidence:
    """The figures of one canary, from the increases of counters.

    ``model``, ``current`` and ``candidate`` are its name and two version numbers; frames that fail
    before a version is known are counted by label, so ``names`` has all that stand for the
    candidate.
    """

    model: str
    current: str
    candidate: str
    names: frozenset[str]
    increases: Samples

    def errors(self, *versions: str) -> Tally:
        """Return the users' frames that versions failed to answer."""
        bad = self._sum("framewire_model_errors_total", _version(self.model, versions))
        good = self._sum("framewire_model_results_total", _version(self.model, versions))
        return Tally(bad, bad + good)

    def ages(self, version: str) -> Times:
        """Return how old users' frames were when they got their results."""
        own = _version(self.model, (version,))
        return self._times(
            "framewire_frame_age_seconds_bucket",
            lambda labels: own(labels) and labels.get("outcome") == "result",
        )

    def shadow_errors(self) -> Tally:
        """Return the frames that the candidate failed to answer as a shadow."""
        frames = list(self._pair("framewire_shadow_frames_total"))
        good = sum(n for labels, n in frames if labels.get("outcome") == "compared")
        bad = sum(n for labels, n in frames if labels.get("outcome") not in _UNJUDGED)
        return Tally(bad, good + bad)

    def disagreement(self) -> Tally:
        """Return how much of the compared answers differs, in frames.

        As for ``verify --recorded``: of all objects together or, for tasks without, of the frames.
        """
        frames = sum(n for _, n in self._pair("framewire_shadow_agreement_count"))
        agreed = sum(n for _, n in self._pair("framewire_shadow_agreement_sum"))
        classes = self.classes().values()
        objects = sum(tally.total for tally in classes)
        if not objects:
            return Tally(max(0.0, frames - agreed), frames)
        # Objects of one frame stand and fall together, so frames are what is counted.
        return Tally(frames * sum(tally.bad for tally in classes) / objects, frames)

    def classes(self) -> dict[str, Tally]:
        """Return, for each class, the objects that only one of the versions found.

        An object is half of what is known about it, from either version, so the share of the bad
        ones is 1 minus the Dice coefficient.
        """
        tallies: dict[str, Tally] = {}
        for labels, count in self._pair("framewire_shadow_objects_total"):
            before = tallies.get(labels["class"], Tally(0, 0))
            paired = labels.get("verdict") == "paired"
            bad, total = (0.0, count) if paired else (count / 2, count / 2)
            tallies[labels["class"]] = Tally(before.bad + bad, before.total + total)
        return tallies

    def dissimilarity(self) -> Tally:
        """Return by how much the places of matching objects differ, in objects."""
        total = sum(n for _, n in self._pair("framewire_shadow_iou_count"))
        similar = sum(n for _, n in self._pair("framewire_shadow_iou_sum"))
        return Tally(max(0.0, total - similar), total)

    def shifted_scores(self, shift: float) -> Tally:
        """Return the paired objects whose scores differ by more, counted from the next bound."""
        name = "framewire_shadow_score_shift_bucket"
        return _cumulated(self._pair(name)).later_than(shift)

    def calls(self, whose: str) -> Times:
        """Return how long the compared calls of ``current`` or ``candidate`` took."""
        rows = self._pair("framewire_shadow_call_seconds_bucket")
        return _cumulated((labels, n) for labels, n in rows if labels.get("whose") == whose)

    def _pair(self, name: str) -> Iterator[tuple[Labels, float]]:
        wanted = {"model": self.model, "version": self.current, "candidate": self.candidate}
        for labels, value in self._rows(name):
            if wanted.items() <= labels.items():
                yield labels, value

    def _sum(self, name: str, wanted: Callable[[Labels], bool]) -> float:
        return sum(value for labels, value in self._rows(name) if wanted(labels))

    def _times(self, name: str, wanted: Callable[[Labels], bool]) -> Times:
        return _cumulated((labels, n) for labels, n in self._rows(name) if wanted(labels))

    def _rows(self, name: str) -> Iterator[tuple[Labels, float]]:
        for (own, labels), value in self.increases.items():
            if own == name:
                yield dict(labels), value


def _version(model: str, versions: tuple[str, ...]) -> Callable[[Labels], bool]:
    return lambda labels: labels.get("model") == model and labels.get("version") in versions


def _cumulated(rows: Iterator[tuple[Labels, float]]) -> Times:
    at_most: dict[float, float] = {}
    for labels, count in rows:
        bound = float(labels["le"])
        at_most[bound] = at_most.get(bound, 0.0) + count
    return Times(at_most)
