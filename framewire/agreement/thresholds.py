"""How closely a version must agree with another one, unless an operator says otherwise.

``export verify --recorded``, ``export canary --auto`` and ``loadtest replay`` share these defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_SHIFTED = 0.1
"""The share of matching objects whose scores may change by more than ``max_score_shift``."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits, by the names of their flags. All but the last two are in 0..1.

    ``min_agreement``: of all objects together. ``min_class_agreement``: of those of each class.
    ``min_similarity``: the mean of what matches. ``max_score_shift``: of a matching object.
    ``max_slowdown``: in multiples of the other version's time.
    """

    min_agreement: float = 0.95
    min_class_agreement: float = 0.85
    min_similarity: float = 0.85
    max_score_shift: float = 0.1
    max_slowdown: float = 1.5
