"""Maps over the picture: a class or a value for each pixel, compared at the points of a grid.

Each class of a segmentation is an object, whose place is its pixels.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.objects import SAME_PLACE
from framewire.agreement.summary import Comparison, Tally

GRID = 32
"""Points of the grid in each direction, whatever the maps' own sizes are."""
SEEN = 0.01
"""The share of a map that a class must cover; less is noise at the edges."""

_Names = Counter[str]
_Pairs = Counter[tuple[str, str]]


def masks(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare where each class is; the similarity of a class is its IoU."""
    mine, theirs = _classes(before), _classes(after)
    both: _Pairs = Counter(zip(mine, theirs, strict=False))
    ours, others = Counter(mine), Counter(theirs)
    overlaps = {name: _overlap(name, ours, others, both) for name in sorted({*ours, *others})}
    matched = {
        name: overlap
        for name, overlap in overlaps.items()
        if overlap >= SAME_PLACE and (_seen(name, ours) or _seen(name, others))
    }
    missing = [name for name in overlaps if name not in matched and _seen(name, ours)]
    added = [name for name in overlaps if name not in matched and _seen(name, others)]
    tallies = {
        name: Tally(int(name in matched), missing.count(name), added.count(name))
        for name in [name for name in overlaps if name in matched or name in {*missing, *added}]
    }
    share = sum(tallies.values(), Tally()).agreement
    return Comparison(share, tallies, _mistaken(missing, both), list(matched.values()))


def _overlap(name: str, ours: _Names, others: _Names, both: _Pairs) -> float:
    shared = both[name, name]
    return shared / (ours[name] + others[name] - shared)


def _seen(name: str, points: _Names) -> bool:
    return points[name] >= SEEN * GRID * GRID


def _mistaken(missing: Sequence[str], both: _Pairs) -> dict[tuple[str, str], int]:
    """Return what the missing classes are mostly taken for."""
    mistaken = {}
    for name in missing:
        others = {pair: n for pair, n in both.items() if pair[0] == name != pair[1]}
        if others:
            mistaken[max(others, key=others.__getitem__)] = 1
    return mistaken


def _classes(answer: Answer) -> list[str]:
    """Return the class at each point of the grid; nothing if the map is empty."""
    fields = answer.fields["masks"]
    runs = fields["runs"]
    ends = list(accumulate(runs[1::2]))
    names = [answer.name(kind) for kind in runs[::2]]
    if not names:
        return []
    last = len(names) - 1
    return [names[min(bisect_right(ends, at), last)] for at in _grid(fields)]


def dense_maps(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare values: 1 minus their mean difference, relative to the range of the first map."""
    mine, theirs = _values(before.fields["map"]), _values(after.fields["map"])
    if not mine or not theirs:
        return Comparison(float(not mine and not theirs))
    span = before.fields["map"]["high"] - before.fields["map"]["low"] or abs(mine[0]) or 1.0
    differences = [abs(a - b) for a, b in zip(mine, theirs, strict=True)]
    similarity = max(0.0, 1.0 - math.fsum(differences) / len(differences) / span)
    return Comparison(similarity, similarities=[similarity])


def _values(fields: Mapping[str, Any]) -> list[float]:
    low, step, levels = fields["low"], (fields["high"] - fields["low"]) / 255, fields["levels"]
    return [low + step * levels[at] for at in _grid(fields)] if levels else []


def _grid(size: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the pixels at the points of the grid, row by row."""
    width, height = size["width"], size["height"]
    rows = [(2 * i + 1) * height // (2 * GRID) for i in range(GRID)]
    columns = [(2 * i + 1) * width // (2 * GRID) for i in range(GRID)]
    return [row * width + column for row in rows for column in columns]
