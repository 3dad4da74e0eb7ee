"""Which box belongs to which track, where more than one answer is possible.

A track may be continued by boxes that are not too unlikely. The pairs that this allows are cut
into groups that share neither boxes nor tracks, and each group is solved as a whole.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
LARGEST_GROUP = 10
# So are all, if there are more pairs than this: boxes that lie in one heap.
MOST_PAIRS = 1024


class Candidate(NamedTuple):
    """A box: its state if it does not move, and its class."""

    state: State
    kind: int


class Target(NamedTuple):
    """A track: the state and class that are expected, and the prediction that led there."""

    state: State
    kind: int
    prediction: Prediction


Pair = tuple[float, int, int]
"""How unlikely it is that a box continues a track, and the numbers of the two."""


def pair(boxes: Sequence[Candidate], tracks: Sequence[Target], alone: float = ALONE) -> list[Pair]:
    """Return the likeliest pairs; of a box or a track, at most one.

    ``alone``: what it costs to leave a box and a track alone.
    """
    possible = [
        entry for j, target in enumerate(tracks) for entry in _possible(boxes, target, j, alone)
    ]
    if len(possible) < 2:
        return possible
    if len(possible) > MOST_PAIRS:
        return _greedy(possible)
    chosen: list[Pair] = []
    for group in _groups(possible):
        chosen.extend(group if len(group) == 1 else _solve(group))
    return chosen


def _possible(
    boxes: Sequence[Candidate], target: Target, track: int, alone: float
) -> Iterator[Pair]:
    """Yield the boxes that may continue a track, and how unlikely that is.

    The negative logarithm of a Gaussian, doubled: an uncertain track gives way to one that
    expected the box.
    """
    x, y, width, height = target.state[:4]
    size, variance = width + height, target.prediction.variance
    far, kind, spread = GATE * size, target.kind, size * size * variance
    uncertain = 2 * math.log(variance / NOISE)
    for number, (state, box_kind) in enumerate(boxes):
        off_x, off_y = state[0] - x, state[1] - y
        if -far < off_x < far and -far < off_y < far:
            cost = (off_x * off_x + off_y * off_y) / spread + uncertain
            if box_kind != kind:
                cost += OTHER_CLASS
            if cost < alone:
                shape = _ratio(state[2], width) ** 2 + _ratio(state[3], height) ** 2
                cost += shape / SHAPE
                if cost < alone:
                    yield cost, number, track


def _ratio(size: float, expected: float) -> float:
    """Return by how much a size differs, relative to both; empty boxes included."""
    return 2 * (size - expected) / max(abs(size) + abs(expected), 1e-9)


def _groups(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Return the pairs in groups that share neither boxes nor tracks."""
    of_box: dict[int, list[Pair]] = defaultdict(list)
    of_track: dict[int, list[Pair]] = defaultdict(list)
    for entry in pairs:
        of_box[entry[1]].append(entry)
        of_track[entry[2]].append(entry)
    groups = []
    while of_track:
        _, waiting = of_track.popitem()
        group: list[Pair] = []
        while waiting:
            entry = waiting.pop()
            group.append(entry)
            _, box, track = entry
            waiting.extend(other for other in of_box.pop(box, ()) if other[2] != track)
            waiting.extend(other for other in of_track.pop(track, ()) if other[1] != box)
        groups.append(sorted(set(group)))
    return groups


def _solve(group: Sequence[Pair]) -> list[Pair]:
    boxes = sorted({box for _, box, _ in group})
    tracks = sorted({track for _, _, track in group})
    if max(len(boxes), len(tracks)) > LARGEST_GROUP:
        return _greedy(group)
    # A column for each track, and for each box one that leaves it alone.
    pairs = {(box, track): (cost, box, track) for cost, box, track in group}
    costs = [
        [pairs[box, track][0] if (box, track) in pairs else 4 * ALONE for track in tracks]
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
        _, box, track = entry
        if box not in boxes and track not in tracks:
            boxes.add(box)
            tracks.add(track)
            chosen.append(entry)
    return chosen
