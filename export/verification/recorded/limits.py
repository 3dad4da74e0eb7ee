"""What a version must keep to. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from framewire.agreement import Agreement

FEW = 20
"""A class with fewer objects is shown, but not held to a limit."""
NAMED = 3


@dataclass(frozen=True)
class Limits:
    """The limits, by the names of their flags. ``max_slowdown`` needs a baseline."""

    min_frames: int = 20
    min_agreement: float = 0.95
    min_class_agreement: float = 0.85
    min_similarity: float = 0.85
    max_score_shift: float = 0.1
    max_slowdown: float = 1.5

    def violations(self, agreement: Agreement, slowdown: float = math.nan) -> list[str]:
        """Return a sentence for each limit that is exceeded; nothing if the version may go on.

        ``slowdown``: how many times as long a call takes as with the baseline.
        """
        return list(self._violations(agreement, slowdown))

    def _violations(self, agreement: Agreement, slowdown: float) -> Iterator[str]:
        if agreement.frames < self.min_frames:
            yield (
                f"only {agreement.frames} frames to compare, fewer than {self.min_frames} "
                "(--min-frames)"
            )
        if agreement.overall < self.min_agreement:
            yield (
                f"agreement {agreement.overall:.3f} is below {self.min_agreement:g} "
                f"(--min-agreement){_causes(agreement)}"
            )
        yield from self._classes(agreement)
        if agreement.similarity < self.min_similarity:
            yield (
                f"mean similarity {agreement.similarity:.3f} of what matches is below "
                f"{self.min_similarity:g} (--min-similarity)"
            )
        if abs(agreement.shift) > self.max_score_shift:
            yield (
                f"scores shift by {agreement.shift:+.3f} on average, more than "
                f"{self.max_score_shift:g} (--max-score-shift)"
            )
        if slowdown > self.max_slowdown:
            yield (
                f"a call takes {slowdown:.2f} times as long, more than {self.max_slowdown:g} "
                "(--max-slowdown)"
            )

    def _classes(self, agreement: Agreement) -> Iterator[str]:
        failed = [
            (tally.agreement, name)
            for name, tally in agreement.tallies.items()
            if tally.objects >= FEW and tally.agreement < self.min_class_agreement
        ]
        if failed:
            worst = [
                f"{name!r} {share:.2f}{_mistaken(agreement, name)}"
                for share, name in sorted(failed)[:NAMED]
            ]
            more = f" and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
            yield (
                f"agreement by class is below {self.min_class_agreement:g} "
                f"(--min-class-agreement): {', '.join(worst)}{more}"
            )


def _causes(agreement: Agreement) -> str:
    total = agreement.total
    if not total.missing and not total.added:
        return ""
    return f": {total.missing} of {total.objects} objects are missing, {total.added} are new"


def _mistaken(agreement: Agreement, name: str) -> str:
    other = agreement.confusion(name)
    return f" (most often taken for {other!r})" if other is not None else ""
