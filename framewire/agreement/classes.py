"""The classes of a whole picture."""

from __future__ import annotations

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.summary import Comparison, Tally

TIE = 0.02
"""How far the best two scores may be apart for either class to be the right one."""


def classes(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare the best class: it must be the same, unless two are as good as each other."""
    mine, theirs = _scores(before), _scores(after)
    if not mine or not theirs:
        return Comparison(float(not mine and not theirs))
    best, other = max(mine, key=mine.__getitem__), max(theirs, key=theirs.__getitem__)
    shift = [theirs[best] - mine[best]] if best in theirs else []
    if best == other or theirs.get(best, float("-inf")) >= theirs[other] - TIE:
        return Comparison(1.0, {best: Tally(matched=1)}, shifts=shift)
    tallies = {best: Tally(missing=1), other: Tally(added=1)}
    return Comparison(0.0, tallies, {(best, other): 1}, shifts=shift)


def _scores(answer: Answer) -> dict[str, float]:
    """Return the score of each class, the better one if two have the same name."""
    scores: dict[str, float] = {}
    for index, score in zip(answer.fields["classes"], answer.fields["scores"], strict=True):
        name = answer.name(index)
        scores[name] = max(score, scores.get(name, score))
    return scores
