"""Which boxes of a frame a second model gets."""

from __future__ import annotations

from server.core.answers import Detections
from server.core.model import Then
from server.core.preferences import Preferences


def count_chosen(detections: Detections, wanted: Preferences, then: Then, most: int) -> int:
    """Return how many of the boxes, which are sorted, are cut out: the best, ``most`` at most.

    A box that the session does not want to see is not cut out.
    """
    limits = (wanted.max_results, then.max_boxes, most)
    bound = min(limit for limit in limits if limit is not None)
    return sum(score >= wanted.min_score for score in detections.scores[:bound])
