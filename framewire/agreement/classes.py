"""The classes of a whole picture.

An answer names its best class and, where a picture can have several, all that are clear. If both
answers name a single class, it must be the same one, unless two are as good as each other.
Otherwise each class needs a counterpart, which may be weaker.
"""

from __future__ import annotations

from collections.abc import Mapping

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.objects import MARGIN
from framewire.agreement.summary import Comparison, Tally

CLEAR = 0.5
"""The score from which on a class is named besides the best one."""
COUNTERPART = 0.25
"""The score that a counterpart must have, if an answer names several classes."""
TIE = 0.02
"""How far the best two scores may be apart for either class to be the right one."""
MOST_CLASSES = 100

_Scores = Mapping[str, float]


def classes(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare the classes that two answers name."""
    mine, theirs = _scores(before), _scores(after)
    ours, others = _named(mine, cut), _named(theirs, cut)
    if len(ours) == len(others) == 1:
        same = _is_best(ours, theirs) or _is_best(others, mine)
        missing, added = (set(), set()) if same else (ours, others)
        matched = ours - missing
    else:
        missing, added = _without_counterpart(ours, theirs), _without_counterpart(others, mine)
        matched = (ours - missing) | (others - added)
    tallies = {
        name: Tally(int(name in matched), int(name in missing), int(name in added))
        for name in sorted(matched | missing | added)
    }
    exchanged = len(missing) == len(added) == 1
    return Comparison(
        sum(tallies.values(), Tally()).agreement,
        tallies,
        dict.fromkeys(zip(missing, added, strict=True), 1) if exchanged else {},
        shifts=[theirs[name] - mine[name] for name in sorted(ours) if name in theirs],
    )


def _scores(answer: Answer) -> dict[str, float]:
    """Return the score of each class, best first; the better one if two have the same name."""
    scores: dict[str, float] = {}
    rows = zip(answer.fields["classes"], answer.fields["scores"], strict=True)
    for index, score in sorted(rows, key=lambda row: -row[1])[:MOST_CLASSES]:
        scores.setdefault(answer.name(index), score)
    return scores


def _named(scores: _Scores, cut: Cut) -> set[str]:
    """Return the classes that an answer names, as far as a session would surely see them."""
    least = cut.min_score + MARGIN if cut.min_score else 0.0
    names = [name for name, score in scores.items() if score >= least]
    return {
        name
        for rank, name in enumerate(names[: cut.max_results])
        if rank == 0 or scores[name] >= CLEAR
    }


def _is_best(names: set[str], scores: _Scores) -> bool:
    """Return whether a class is the best one of an answer, or as good."""
    [name] = names
    return scores.get(name, -1.0) >= max(scores.values()) - TIE


def _without_counterpart(names: set[str], scores: _Scores) -> set[str]:
    least = min(COUNTERPART, max(scores.values(), default=COUNTERPART))
    return {name for name in names if scores.get(name, -1.0) < least}
