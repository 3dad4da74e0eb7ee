"""What a version must keep to. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from framewire.agreement import MOST_SHIFTED, Agreement, Thresholds

FEW = 20
"""A class with fewer objects is shown, but not held to a limit."""
NAMED = 3


@dataclass(frozen=True)
class Limits:
    """How many frames must be compared, and how closely they must agree.

    ``max_slowdown`` needs a baseline.
    """

    min_frames: int = 20
    thresholds: Thresholds = field(default_factory=Thresholds)

    def violations(self, agreement: Agreement, slowdown: float = math.nan) -> list[str]:
        """Return a sentence for each limit that is exceeded; nothing if the version may go on.

        ``slowdown``: how many times as long a call takes as with the baseline.
        """
        return [
            *self._answers(agreement),
            *self._classes(agreement),
            *self._matches(agreement),
            *self._times(slowdown),
        ]

    def _answers(self, agreement: Agreement) -> Iterator[str]:
        if agreement.frames < self.min_frames:
            yield (
                f"only {agreement.frames} frames to compare, fewer than {self.min_frames} "
                "(--min-frames)"
            )
        least = self.thresholds.min_agreement
        if agreement.overall < least:
            yield (
                f"agreement {agreement.overall:.3f} is below {least:g} "
                f"(--min-agreement){_causes(agreement)}"
            )

    def _classes(self, agreement: Agreement) -> Iterator[str]:
        least = self.thresholds.min_class_agreement
        failed = [
            (tally.agreement, name)
            for name, tally in agreement.tallies.items()
            if tally.objects >= FEW and tally.agreement < least
        ]
        if failed:
            worst = [
                f"{name!r} {share:.2f}{_mistaken(agreement, name)}"
                for share, name in sorted(failed)[:NAMED]
            ]
            more = f" and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
            yield (
                f"agreement by class is below {least:g} "
                f"(--min-class-agreement): {', '.join(worst)}{more}"
            )

    def _matches(self, agreement: Agreement) -> Iterator[str]:
        least, shift = self.thresholds.min_similarity, self.thresholds.max_score_shift
        if agreement.similarity < least:
            yield (
                f"mean similarity {agreement.similarity:.3f} of what matches is below {least:g} "
                "(--min-similarity)"
            )
        shifted = agreement.shifted(shift)
        if shifted > MOST_SHIFTED:
            yield (
                f"{shifted:.0%} of the scores shift by more than {shift:g} (--max-score-shift), "
                f"{agreement.shift:+.3f} on average; at most {MOST_SHIFTED:.0%} may"
            )

    def _times(self, slowdown: float) -> Iterator[str]:
        most = self.thresholds.max_slowdown
        if slowdown > most:
            yield f"a call takes {slowdown:.2f} times as long, more than {most:g} (--max-slowdown)"


def _causes(agreement: Agreement) -> str:
    total = agreement.total
    if not total.missing and not total.added:
        return ""
    return f": {total.missing} of {total.objects} objects are missing, {total.added} are new"


def _mistaken(agreement: Agreement, name: str) -> str:
    other = agreement.confusion(name)
    return f" (most often taken for {other!r})" if other is not None else ""
