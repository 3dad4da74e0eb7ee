"""Maps over the picture: a class or a value for each pixel."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.summary import Comparison, Tally


def masks(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare the class of each pixel; objects are pixels."""
    mine, theirs = before.fields["masks"], after.fields["masks"]
    pairs = Counter(zip(_pixels(mine), _scaled(_pixels(theirs), theirs, mine), strict=True))
    named: Counter[tuple[str, str]] = Counter()
    for (ours, others), count in pairs.items():
        named[before.name(ours), after.name(others)] += count
    same = {one: count for (one, other), count in named.items() if one == other}
    confused = {pair: count for pair, count in named.items() if pair[0] != pair[1]}
    tallies = {name: Tally(matched=count) for name, count in same.items()}
    for (one, other), count in confused.items():
        tallies[one] = tallies.get(one, Tally()) + Tally(missing=count)
        tallies[other] = tallies.get(other, Tally()) + Tally(added=count)
    return Comparison(sum(tallies.values(), Tally()).agreement, tallies, confused)


def dense_maps(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare values: 1 minus their mean difference, relative to the range of the first map."""
    mine, theirs = before.fields["map"], after.fields["map"]
    if mine["width"] * mine["height"] == 0 or theirs["width"] * theirs["height"] == 0:
        return Comparison(0.0)
    values = _values(mine), _scaled(_values(theirs), theirs, mine)
    span = mine["high"] - mine["low"] or abs(mine["high"]) or 1.0
    differences = [abs(a - b) for a, b in zip(*values, strict=True)]
    mean = math.fsum(differences) / len(differences) / span
    return Comparison(max(0.0, 1.0 - mean), similarities=[max(0.0, 1.0 - mean)])


def _pixels(fields: Mapping[str, Any]) -> list[int]:
    runs = fields["runs"]
    return list(chain.from_iterable(map(repeat, runs[0::2], runs[1::2])))


def _values(fields: Mapping[str, Any]) -> list[float]:
    low, step = fields["low"], (fields["high"] - fields["low"]) / 255
    return [low + step * level for level in fields["levels"]]


def _scaled(pixels: Sequence[Any], size: Mapping[str, Any], to: Mapping[str, Any]) -> Sequence[Any]:
    """Return a map in the size of another one, by the nearest pixel."""
    width, height = size["width"], size["height"]
    if (width, height) == (to["width"], to["height"]):
        return pixels
    columns = [(2 * x + 1) * width // (2 * to["width"]) for x in range(to["width"])]
    rows = [(2 * y + 1) * height // (2 * to["height"]) for y in range(to["height"])]
    return [pixels[y * width + x] for y in rows for x in columns]
