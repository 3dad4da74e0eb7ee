"""A finished load, with all that there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtest.cameras.effort import Effort
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import LOCAL
from loadtest.cameras.servers import Server
from loadtest.cameras.source import Picture
from loadtest.cameras.summary import Summary
from loadtest.measure import Measure

OK, MISSED, UNUSABLE, BOTTLENECK, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""

_LONGEST = 120
"""Of what a gateway says about a frame, in characters."""
_MEANINGS = {
    "result": "answered",
    "dropped superseded": "replaced by a newer frame before it was sent to the model server",
    "dropped expired": "became too old before its result was there",
    "dropped overtaken": "the result of a newer frame came first",
    "dropped rate_limited": "beyond the gateway's limit on frames of one session",
    "dropped overloaded": "too many frames were waiting",
    "dropped draining": "the gateway was stopping",
    **LOCAL,
}


@dataclass(frozen=True)
class Pictures:
    """What the cameras sent in turn."""

    count: int
    mean_bytes: float

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> Pictures:
        """Return the figures of some pictures."""
        return cls(len(pictures), sum(len(one.data) for one in pictures) / len(pictures))

    def __str__(self) -> str:
        if self.count == 1:
            return f"1 of {_size(self.mean_bytes)}"
        return f"{self.count} in turn, {_size(self.mean_bytes)} on average"


@dataclass(frozen=True)
class Report:
    """What was asked, what was measured, and whether it counts.

    ``started`` is the wall-clock time in ISO 8601. ``since`` is when frames began to count, on
    ``time.monotonic``. ``failures`` counts the sessions that could not be opened or ended early, by
    the reason. ``bottleneck``: why the load generator itself was the limit, if it was.
    ``planned_s``: for how long frames were to count, if Ctrl-C ended that early. ``messages`` has
    what the gateway said about the first frame of each outcome. ``boxes`` counts what the second
    model said about boxes, from the start on.
    """

    url: str
    model: dict[str, Any]
    profile: Profile
    started: str
    since: float
    summary: Summary
    failures: Mapping[str, int]
    efforts: Sequence[Effort]
    servers: Sequence[Server]
    measures: Sequence[Measure]
    bottleneck: str | None
    planned_s: float | None = None
    messages: Mapping[str, str] = field(default_factory=dict)
    boxes: Mapping[str, int] = field(default_factory=dict)
    pictures: Pictures = field(default_factory=lambda: Pictures(0, 0.0))

    @property
    def status(self) -> int:
        """The command's exit status."""
        if self.planned_s is not None:
            return INTERRUPTED
        if self.bottleneck:
            return BOTTLENECK
        return OK if self.met else MISSED

    @property
    def met(self) -> bool:
        """Whether the objective was met, and any frame answered."""
        return all(measure.held for measure in self.measures) and bool(self.summary.ages_ms)

    @property
    def warning(self) -> str | None:
        """What a reader must know first: that the figures do not count, and why."""
        if not self.bottleneck:
            return None
        return (
            "These figures do not count, because the load generator was the limit: "
            f"{self.bottleneck}."
        )

    @property
    def stopped(self) -> str | None:
        """For how much of the planned time frames counted, if the load was stopped."""
        if self.planned_s is None:
            return None
        return f"after {self.profile.seconds:g} of {self.planned_s:g} s"

    @property
    def unanswered(self) -> str | None:
        """Why there is no age to report; None if there is one."""
        if self.summary.ages_ms:
            return None
        if self.summary.captured:
            return "no frame was answered"
        return f"no frame was captured within {self.profile.seconds:g} s; --seconds sets that"

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        """The outcomes and their numbers: results first, then the most frequent."""
        outcomes = self.summary.outcomes.items()
        return sorted(outcomes, key=lambda item: (item[0] != "result", -item[1]))

    def meaning(self, outcome: str) -> str:
        """Return what an outcome means, in a few words."""
        if outcome in self.messages:
            return f"such as: {' '.join(self.messages[outcome].split())[:_LONGEST]}"
        return _MEANINGS.get(outcome, "see docs/protocol.md")

    @property
    def second_model(self) -> str | None:
        """For how many boxes the second model had an answer; None if no frame asked for one."""
        parts = [f"{count} {name}" for name, count in self.boxes.items() if name != "answered"]
        answered = f"{self.boxes.get('answered', 0)} boxes answered"
        missing = f", missing: {', '.join(parts)}" if parts else ""
        return f"{answered}{missing}" if self.boxes else None

    @property
    def model_name(self) -> str:
        """The model's name and version."""
        return f"{self.model['name']} version {self.model['version']}"


def verdict(measure: Measure) -> str:
    """Return a figure, its objective, and whether that was met."""
    bound = f"at {'least' if measure.at_least else 'most'} {measure.bound:g} {measure.unit}".strip()
    return f"{measure.name} {measure.figure}, {bound}: {'met' if measure.held else 'missed'}"


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1000:.3g} KB"


def usage(server: Server, since: float, until: float) -> tuple[float, float] | None:
    """Return a server's CPU seconds per second and its largest memory in MB; None if unknown."""
    samples = server.within(since, until)
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    cpu = (last.cpu_s - first.cpu_s) / (last.at - first.at)
    return cpu, max(sample.memory_mb for sample in samples)
