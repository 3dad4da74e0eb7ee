"""Which box belongs to which track, where more than one answer is possible.

A track may be continued by boxes that are not too unlikely. If the likeliest tracks of all
boxes differ, that is the answer. Otherwise the pairs are cut into groups that share neither
boxes nor tracks, and each group is solved as a whole. The more pairs are possible, the simpler
the way in which they are chosen, so that boxes in a heap cost little more than others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from server.core.tracking.assignment import assign
from server.core.tracking.likelihood import Candidate, Pair, Target, likely, nearest

# What costs as much as leaving a track and a box alone.
ALONE = 29.0
# Of more boxes than this, only those near to a track are compared with it.
FEW = 8
# Larger groups are paired greedily, since the best pairing costs their size to the third.
LARGEST_GROUP = 10
# So are all, without groups, if there are more pairs than this.
MOST_GROUPED = 512
# If there are more than this, the boxes lie in one heap. Each track then chooses in turn among
# the boxes that are left: from this many on either side.
MOST_PAIRS = 2048
NEAREST = 3


def pair(boxes: Sequence[Candidate], tracks: Sequence[Target], alone: float = ALONE) -> list[Pair]:
    """Return the likeliest pairs; of a box or a track, at most one.

    ``boxes`` are in order from left to right. ``alone``: what it costs to leave a box and a
    track alone.
    """
    near = _selected(boxes, tracks, alone)
    if near is None:
        return _in_turn(boxes, tracks, alone)
    possible: list[Pair] = []
    for j, target in enumerate(tracks):
        possible.extend(likely(near[j], target, j, alone))
    if len(possible) < 2:
        return possible
    possible.sort()
    undisputed = _undisputed(possible)
    if undisputed is not None:
        return undisputed
    if len(possible) > MOST_GROUPED:
        return _greedy(possible)
    return [entry for group in _groups(possible) for entry in _solve(group)]


def _selected(
    boxes: Sequence[Candidate], tracks: Sequence[Target], alone: float
) -> Sequence[Sequence[Candidate]] | None:
    """Return the boxes that are compared with each track, or None if that would be too many."""
    if len(boxes) <= FEW:
        return [boxes] * len(tracks)
    selected: list[list[Candidate]] = []
    pairs = 0
    for target in tracks:
        selected.append(nearest(boxes, target, alone))
        pairs += len(selected[-1])
        if pairs > MOST_PAIRS:
            return None
    return selected


def _undisputed(pairs: Sequence[Pair]) -> list[Pair] | None:
    """Return the best pair of each box, unless two boxes would share a track.

    No other choice costs less. ``pairs`` are in order, the likeliest first.
    """
    best = {entry[1]: entry for entry in reversed(pairs)}
    tracks = {track for _, _, track in best.values()}
    return list(best.values()) if len(tracks) == len(best) else None


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
    """Return the pairs of a group that cost least together."""
    undisputed = _undisputed(group)
    if undisputed is not None:
        return undisputed
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


def _greedy(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the best pair, the best of those that remain, and so on. They are in order."""
    chosen: list[Pair] = []
    boxes: set[int] = set()
    tracks: set[int] = set()
    for entry in pairs:
        _, box, track = entry
        if box not in boxes and track not in tracks:
            boxes.add(box)
            tracks.add(track)
            chosen.append(entry)
    return chosen


def _in_turn(boxes: Sequence[Candidate], tracks: Iterable[Target], alone: float) -> list[Pair]:
    """Return for each track in turn the likeliest of the nearest boxes that are left."""
    left, chosen = list(boxes), []
    for j, target in enumerate(tracks):
        at = bisect_left(left, target.state[:1])
        near = left[max(at - NEAREST, 0) : at + NEAREST]
        best = min(likely(near, target, j, alone), default=None)
        if best:
            chosen.append(best)
            left.remove(next(box for box in near if box[5] == best[1]))
    return chosen
