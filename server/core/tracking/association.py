"""Which box belongs to which track, where more than one answer is possible.

A track may be continued by boxes that are not too unlikely. The pairs that this allows are cut
into groups that share neither boxes nor tracks, and each group is solved as a whole.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from server.core.tracking.assignment import assign
from server.core.tracking.motion import NOISE, Prediction, State

# What costs as much as leaving a track and a box alone; what another class costs.
ALONE = 29.0
OTHER_CLASS = 6.0
# The variance of how much a size may differ from what is expected, as a logarithm.
SHAPE = 0.0115
# How far a box may be from where its track should be, in sizes, however uncertain that is.
GATE = 2.5
# Larger groups are paired greedily, since the best pairing costs their size to the third.
LARGEST_GROUP = 20


class Candidate(NamedTuple):
    """A box: its state if it does not move, and its class."""

    state: State
    kind: int


class Target(NamedTuple):
    """A track: the state and class that are expected, and the prediction that led there."""

    state: State
    kind: int
    prediction: Prediction


class Pair(NamedTuple):
    """That a box may continue a track: their numbers, and how unlikely it is."""

    cost: float
    box: int
    track: int


def pair(boxes: Sequence[Candidate], tracks: Sequence[Target], alone: float = ALONE) -> list[Pair]:
    """Return the likeliest pairs; of a box or a track, at most one.

    ``alone``: what it costs to leave a box and a track alone.
    """
    possible = _possible(boxes, tracks, alone)
    if len(possible) < 2:
        return possible
    chosen: list[Pair] = []
    for group in _groups(possible):
        chosen.extend(group if len(group) == 1 else _solve(group))
    return chosen


def _possible(boxes: Sequence[Candidate], tracks: Sequence[Target], alone: float) -> list[Pair]:
    pairs = []
    for j, target in enumerate(tracks):
        x, y, width, height = target.state[:4]
        far = GATE * (width + height)
        for i, box in enumerate(boxes):
            if abs(box.state[0] - x) < far and abs(box.state[1] - y) < far:
                cost = _cost(box, target)
                if cost < alone:
                    pairs.append(Pair(cost, i, j))
    return pairs


def _cost(box: Candidate, target: Target) -> float:
    """Return how unlikely it is that the box continues the track.

    The negative logarithm of a Gaussian, doubled: an uncertain track gives way to one that
    expected the box.
    """
    x, y, width, height = target.state[:4]
    box_x, box_y, box_width, box_height = box.state[:4]
    size, variance = width + height, target.prediction.variance
    distance = ((box_x - x) ** 2 + (box_y - y) ** 2) / (size * size)
    shape = _ratio(box_width, width) ** 2 + _ratio(box_height, height) ** 2
    cost = distance / variance + 2 * math.log(variance / NOISE) + shape / SHAPE
    return cost if box.kind == target.kind else cost + OTHER_CLASS


def _ratio(size: float, expected: float) -> float:
    """Return by how much a size differs, relative to both; empty boxes included."""
    return 2 * (size - expected) / max(abs(size) + abs(expected), 1e-9)


def _groups(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Return the pairs in groups that share neither boxes nor tracks."""
    of_box: dict[int, list[Pair]] = defaultdict(list)
    of_track: dict[int, list[Pair]] = defaultdict(list)
    for entry in pairs:
        of_box[entry.box].append(entry)
        of_track[entry.track].append(entry)
    groups = []
    while of_track:
        _, waiting = of_track.popitem()
        group: list[Pair] = []
        while waiting:
            entry = waiting.pop()
            group.append(entry)
            waiting.extend(e for e in of_box.pop(entry.box, ()) if e.track != entry.track)
            waiting.extend(e for e in of_track.pop(entry.track, ()) if e.box != entry.box)
        groups.append(sorted(set(group)))
    return groups


def _solve(group: Sequence[Pair]) -> list[Pair]:
    boxes = sorted({entry.box for entry in group})
    tracks = sorted({entry.track for entry in group})
    if max(len(boxes), len(tracks)) > LARGEST_GROUP:
        return _greedy(group)
    # A column for each track, and for each box one that leaves it alone.
    pairs = {(entry.box, entry.track): entry for entry in group}
    costs = [
        [pairs[box, track].cost if (box, track) in pairs else 4 * ALONE for track in tracks]
        + [ALONE] * len(boxes)
        for box in boxes
    ]
    columns = zip(boxes, assign(costs), strict=True)
    chosen = [(box, tracks[column]) for box, column in columns if column < len(tracks)]
    return [pairs[entry] for entry in chosen]


def _greedy(group: Sequence[Pair]) -> list[Pair]:
    """Return the best pair, the best of those that remain, and so on."""
    chosen: list[Pair] = []
    boxes: set[int] = set()
    tracks: set[int] = set()
    for entry in sorted(group):
        if entry.box not in boxes and entry.track not in tracks:
            boxes.add(entry.box)
            tracks.add(entry.track)
            chosen.append(entry)
    return chosen
