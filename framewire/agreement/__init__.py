"""How well two answers to the same frame agree, by the fields that ``result`` has on the wire.

Pure, and the same for every model: :func:`compare` compares two answers, an :class:`Agreement`
adds many comparisons up, and :class:`Thresholds` says how much a version may differ. The gateway's
shadow compares on its event loop, so the work for one frame is bounded, however large the answers.
"""

from __future__ import annotations

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.compare import MalformedAnswer, compare
from framewire.agreement.summary import Agreement, Comparison, Tally
from framewire.agreement.thresholds import MOST_SHIFTED, Thresholds

__all__ = [
    "MOST_SHIFTED",
    "Agreement",
    "Answer",
    "Comparison",
    "Cut",
    "MalformedAnswer",
    "Tally",
    "Thresholds",
    "compare",
]
