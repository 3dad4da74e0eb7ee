"""How well two answers to the same frame agree, by the fields that ``result`` has on the wire.

Pure, and the same for every model: :func:`compare` compares two answers, an :class:`Agreement`
adds many comparisons up.
"""

from __future__ import annotations

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.compare import compare
from framewire.agreement.summary import Agreement, Comparison, Tally

__all__ = ["Agreement", "Answer", "Comparison", "Cut", "Tally", "compare"]
