"""Whether a canary holds: the checks, and what follows from them.

Each check counts how many of a sample are bad, and has a limit for their share.

* It *fails* as soon as at least ``FEW`` are bad, and their share is above the limit beyond doubt:
  the lower bound of Wilson's interval is, at ``DOUBT`` standard deviations. A version that is wrong
  in most frames is found out within half a dozen of them.
* It *holds* once the sample has the least size and the share is within the limit.
* Until then it is *open*.

A step ends when its time is over and each check that counts holds. The canary is rolled back when
a check fails, when checks stay open for too long, or when no gateway can be watched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from export.release.evidence import Evidence, Tally, Times
from framewire.agreement import MOST_SHIFTED, Thresholds

DOUBT = 2.58
FEW = 5
LATE = 0.9
"""The quantile of the current version's times that a slow candidate exceeds too often."""
MOST_LATE = 0.2
BLIND_S = 60.0
MOST_WORDS = 3

State = Literal["holds", "fails", "open"]


@dataclass(frozen=True)
class Limits:
    """What a canary may do.

    ``errors``: the share of its frames that may fail beyond those of the current version.
    ``least``: the frames that a check needs. The slowdown of ``thresholds`` is a multiple of the
    current version's 90th percentile, which a fifth of the candidate's frames may exceed.
    """

    errors: float = 0.01
    least: int = 50
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True)
class Check:
    """``tally.bad`` of ``tally.total`` are bad; ``words`` says in which way."""

    words: str
    tally: Tally
    limit: float
    least: int
    needed: bool = True

    @property
    def state(self) -> State:
        """What the sample says so far."""
        if self.tally.bad >= FEW and _lower_bound(self.tally) > self.limit:
            return "fails"
        enough = self.tally.total >= self.least
        return "holds" if enough and self.tally.share <= self.limit else "open"

    @property
    def counts(self) -> bool:
        """Whether a step waits for it: it is needed, or its sample is large enough."""
        return self.needed or self.tally.total >= self.least

    def __str__(self) -> str:
        share, limit = f"{self.tally.share:.1%}", f"{self.limit:.1%}"
        return f"{self.words}: {share} of {self.tally.total:.0f}, at most {limit}"


def shadow_checks(seen: Evidence, limits: Limits) -> list[Check]:
    """Return what a shadow says about the candidate: no user has seen any of it."""
    least, closely = limits.least, limits.thresholds
    checks = [
        Check("mirrored frames that failed", seen.shadow_errors(), limits.errors, least),
        Check("answers that differ", seen.disagreement(), 1 - closely.min_agreement, least),
        Check(
            "places of matching objects that differ",
            seen.dissimilarity(),
            1 - closely.min_similarity,
            least,
            needed=False,
        ),
        Check(
            f"scores that shifted by more than {closely.max_score_shift:g}",
            seen.shifted_scores(closely.max_score_shift),
            MOST_SHIFTED,
            least,
            needed=False,
        ),
        _slow("mirrored calls", seen.calls("current"), seen.calls("candidate"), limits, False),
    ]
    for kind, tally in sorted(seen.classes().items()):
        words = f"objects of class {kind!r} that only one version found"
        checks.append(Check(words, tally, 1 - closely.min_class_agreement, least, needed=False))
    return checks


def traffic_checks(seen: Evidence, limits: Limits) -> list[Check]:
    """Return what users' frames say about the candidate."""
    usual = seen.errors(seen.current).share
    failed = seen.errors(*seen.names)
    return [
        Check("frames that failed", failed, usual + limits.errors, limits.least),
        _slow("results", seen.ages(seen.current), seen.ages(seen.candidate), limits, True),
    ]


def _slow(words: str, current: Times, candidate: Times, limits: Limits, needed: bool) -> Check:
    usual_s, slowdown = current.quantile(LATE), limits.thresholds.max_slowdown
    # Without anything to compare with, nothing is late.
    late = candidate.later_than(slowdown * usual_s if current.total >= FEW else math.inf)
    words = f"{words} later than {slowdown:g} times the 90th percentile"
    return Check(f"{words} ({usual_s * 1000:.0f} ms)", late, MOST_LATE, limits.least, needed)


@dataclass(frozen=True)
class Pace:
    """``hold_s``: the least duration of a step. ``patience_s``: how long checks may stay open."""

    hold_s: float = 60.0
    patience_s: float = 1800.0


@dataclass(frozen=True)
class Decision:
    """What to do now: ``stay`` on this step, take the ``next`` one, or roll ``back``, and why."""

    act: Literal["stay", "next", "back"]
    why: str = ""


def decide(checks: Sequence[Check], pace: Pace, since_s: float, unseen_s: float) -> Decision:
    """Decide on a step that began ``since_s`` ago; a gateway was last seen ``unseen_s`` ago."""
    failed = [check for check in checks if check.state == "fails"]
    undecided = [check for check in checks if check.state == "open" and check.counts]
    if failed:
        return Decision("back", _words(failed))
    if unseen_s >= BLIND_S:
        return Decision("back", f"no gateway's metrics could be read for {unseen_s:.0f} s")
    if not undecided:
        return Decision("next" if since_s >= pace.hold_s else "stay")
    why = _words(undecided)
    if since_s >= pace.patience_s:
        return Decision("back", f"undecided after {since_s:.0f} s: {why}")
    return Decision("stay", why)


def _words(checks: Sequence[Check]) -> str:
    more = len(checks) - MOST_WORDS
    words = [str(check) for check in checks[:MOST_WORDS]]
    return "; ".join([*words, f"and {more} more"] if more > 0 else words)


def _lower_bound(tally: Tally) -> float:
    """Return the lower bound of Wilson's interval for the share."""
    share, n, z = tally.share, tally.total, DOUBT
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - spread) / (1 + z * z / n)
